import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { postgres, type PostgresOptions } from "../../../adapters/postgres/postgres.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { cleanUp, newFolder, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";

const opened: EventLog[] = [];
afterEach(async () => {
  for (const log of opened.splice(0)) await log.close();
  await cleanUp();
});

/** A log that a role of its own opens, with what the role is set up with. */
async function logOf(
  url: string,
  role: string,
  withOptions: string,
  options: PostgresOptions = {},
  password = "p/w@1%",
) {
  await sql(url, `CREATE ROLE ${role} LOGIN PASSWORD 'p/w@1%' ${withOptions}`);
  const database = `${role}_db`;
  await sql(url, `CREATE DATABASE ${database} OWNER ${role}`);
  const address = new URL(url.replace("postgres:", "http:"));
  const text = `postgres://${role}${password && `:${encodeURIComponent(password)}`}@${address.host}/${database}`;
  const log = postgres(text, { folder: newFolder(), ...options }).eventLog!("events");
  opened.push(log);
  return { log, database, text };
}

const newRole = () => `r${randomUUID().replaceAll("-", "")}`;

describeWith("postgres", "A connection to PostgreSQL", (server) => {
  it("lets appends queue where the role may have three connections", async () => {
    const { log, text } = await logOf(server().url, newRole(), "CONNECTION LIMIT 3");
    await log.open();
    const another = postgres(text, { schema: "other", timeoutMs: 29_999, driver: { max: 2 } }).eventLog!("events");
    const appends = Array.from({ length: 20 }, (_, at) => appended(log, appendTo(`s-${at}`)));
    const reads = Array.from({ length: 20 }, () => log.read({ after: 0, limit: 10 }));
    await Promise.all([...appends, ...reads]);
    expect(await log.head()).toBe(20);
    await log.close();
    await another.open();
    await another.close();
  });

  it("takes as many connections as it is given", async () => {
    const { log, database } = await logOf(server().url, newRole(), "", { driver: { max: 4 } });
    await log.open();
    await Promise.all(Array.from({ length: 30 }, (_, at) => appended(log, appendTo(`s-${at}`))));
    await Promise.all(Array.from({ length: 30 }, () => log.read({ after: 0, limit: 10 })));
    const [found] = await sql(
      server().url,
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = '${database}'`,
    );
    expect((found as { count: number }).count).toBeLessThanOrEqual(4);
  });

  it("leaves those that a burst has taken to another node, which waits for them", async () => {
    const { log, text } = await logOf(server().url, newRole(), "CONNECTION LIMIT 4");
    await log.open();
    await Promise.all(Array.from({ length: 30 }, () => log.read({ after: 0, limit: 10 })));
    const another = postgres(text, { timeoutMs: 6000, driver: { max: 2 } }).eventLog!("events");
    opened.push(another);
    await another.open();
    expect(await another.head()).toBe(0);
  });

  it("says how many this process may open, and by which option, where no further one comes free", async () => {
    const role = newRole();
    const { log, text } = await logOf(server().url, role, "CONNECTION LIMIT 2", { timeoutMs: 500 });
    const clients = [new Client(text), new Client(text)];
    for (const client of clients) await client.connect();
    try {
      const error = await refusal(() => log.open());
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
      expect(error.message).toMatch(/too many connections .*this process may open 60 of them .*driver: \{ max \}/);
    } finally {
      for (const client of clients) await client.end();
    }
  });

  it("asks a function for the password", async () => {
    let asked = 0;
    const password = async () => (asked++, "p/w@1%");
    const { log } = await logOf(server().url, newRole(), "", { driver: { password } }, "");
    await log.open();
    expect(asked).toBeGreaterThan(0);
  });

  it("hands an ssl object to the driver", async () => {
    const { log } = await logOf(server().url, newRole(), "", { driver: { ssl: { rejectUnauthorized: false } } });
    expect(await refusal(() => log.open())).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("the server does not support TLS") as string,
    });
  });

  it("says how a password is written where it is refused", async () => {
    const { log } = await logOf(server().url, newRole(), "", {}, "p");
    expect((await refusal(() => log.open())).message).toContain("as encodeURIComponent does");
  });

  it("refuses a role whose numbers are rounded", async () => {
    const role = newRole();
    const { log } = await logOf(server().url, role, "");
    await sql(server().url, `ALTER ROLE ${role} SET extra_float_digits = 0`);
    expect(await refusal(() => log.open())).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringContaining("found extra_float_digits=0, expected 1 or more") as string,
    });
  });
});
