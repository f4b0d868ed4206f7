import { randomUUID } from "node:crypto";
import type { EventLog } from "../../../core/log/event-log.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { appended, appendTo, many, upTo } from "../../../testing/event-log/requests.ts";
import { everything } from "../../../testing/event-log/log-fixture.ts";
import { eventually, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";

const logs: EventLog[] = [];

async function open(url: string, name: string = randomUUID()): Promise<EventLog> {
  const log = postgres(url).eventLog!(name);
  logs.push(log);
  await log.open();
  return log;
}

afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
});

describeWith("postgres", "A log in PostgreSQL", (server) => {
  it("refuses a change of its history, whoever asks", async () => {
    const name = randomUUID();
    const log = await open(server().url, name);
    const events = await appended(log, appendTo("a", many(2)));
    await log.links.add("all", [events[0]!.id]);
    for (const statement of [
      `UPDATE "${name}".events SET type = 'x'`,
      `DELETE FROM "${name}".events WHERE position = 2`,
      `TRUNCATE "${name}".events CASCADE`,
      `DELETE FROM "${name}".links`,
    ])
      expect((await refusal(() => sql(server().url, statement))).message).toMatch(/history is append-only/);
    expect(await everything(log)).toEqual(events);
  });

  it.each([
    ["a function", 'DROP FUNCTION "$".store_commit', /found no function store_commit/],
    ["a trigger", 'DROP TRIGGER never_change ON "$".links', /found no trigger never_change on links/],
    ["a table", 'DROP TABLE "$".claims', /found no table claims/],
    ["a migration", `UPDATE "$".about SET value = 'x' WHERE key = 'migration 1'`, /found another migration 1/],
    ["its hashes", `DELETE FROM "$".about WHERE key = 'migration 1'`, /found another migration 1/],
  ])(
    "is not opened where another build made its schema, though its version is today's: %s",
    async (_, change, found) => {
      const name = randomUUID();
      await (await open(server().url, name)).close();
      await sql(server().url, change.replaceAll("$", name));
      const error = await refusal(() => open(server().url, name));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", message: expect.stringMatching(found) });
      expect(error.message).toMatch(/made by another build/);
    },
  );

  it("keeps its stores apart by their names, any text among them", async () => {
    const names = [
      "orders",
      "Orders",
      'with "quotes" and spaces',
      "é.$",
      "a$$b",
      "a$function$b",
      "a$schema",
      randomUUID(),
    ];
    for (const name of names) await appended(await open(server().url, name), appendTo(name));
    for (const name of names) {
      const log = await open(server().url, name);
      expect((await everything(log)).map(({ stream }) => stream)).toEqual([name]);
    }
  });

  it("is made once by many hosts that open it at the same time", async () => {
    const name = randomUUID();
    const hosts = await Promise.all(upTo(5).map(() => open(server().url, name)));
    const identities = await Promise.all(hosts.map((host) => host.identity()));
    expect(new Set(identities).size).toBe(1);
  });

  it("takes no position that another host's rollback would leave empty", async () => {
    const name = randomUUID();
    const [one, other] = [await open(server().url, name), await open(server().url, name)];
    await Promise.all(
      upTo(200).map(async (n) => {
        const [verdict] = await (n % 2 ? one : other).append([
          appendTo("shared", [{}], { expectedVersion: Math.floor(n / 2) }),
        ]);
        return verdict;
      }),
    );
    const events = await everything(one);
    expect(events.map(({ position }) => position)).toEqual(upTo(events.length));
    expect(events.map(({ version }) => version)).toEqual(upTo(events.length));
  });

  it("refuses appends where its head is behind its events", async () => {
    const name = randomUUID();
    const log = await open(server().url, name);
    await appended(log, appendTo("a", many(3)));
    await sql(server().url, `UPDATE "${name}".head SET position = 1`);
    for (const expectedVersion of [3, "any"] as const) {
      const error = await refusal(() => log.append([appendTo("a", [{}], { expectedVersion })]));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toMatch(/the stored data is inconsistent: .*events_pkey/);
    }
    await sql(server().url, `UPDATE "${name}".head SET position = 3`);
    expect(await appended(log, appendTo("a"))).toMatchObject([{ version: 4, position: 4 }]);
  });

  it("stores claims of values that no index takes", async () => {
    const log = await open(server().url);
    await log.claims.begin("name", "v1", ["name.taken"]);
    const values = ["x".repeat(10_000), `${"x".repeat(9999)}y`, "a ", "a"];
    const take = (stream: string, value: string) =>
      appendTo(stream, [{ type: "name.taken" }], {
        claims: [{ scope: "name", definition: "v1", changes: [{ value, claimed: true }] }],
      });
    for (const [index, value] of values.entries()) await appended(log, take(`s-${index}`, value));
    expect(await log.claims.claimants("name", "v1", values)).toEqual(
      Object.fromEntries(values.map((value, index) => [value, `s-${index}`])),
    );
    const [verdict] = await log.append([take("other", values[0]!)]);
    expect(verdict).toMatchObject({ error: { type: "DUPLICATE_CLAIM" } });
  });

  it("is refused where its schema is another program's, of another purpose, or of a newer version", async () => {
    const { url } = server();
    await sql(url, "CREATE SCHEMA taken; CREATE TABLE taken.about (whose text)");
    const table = postgres(url).readTable!("a table");
    await table.open(new Map());
    await table.close();
    await open(url, "newer");
    await sql(url, "UPDATE newer.about SET value = '99' WHERE key = 'version'");
    for (const [name, why] of [
      ["taken", /in use by another program, expected a log of ours or none/],
      ["a table", /in use by moleculer-event-sourcing table, expected a log/],
      [
        "newer",
        /written by a newer version of moleculer-event-sourcing: schema version: found 99, expected at most \d+/,
      ],
    ] as const) {
      const error = await refusal(() => open(url, name));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
      expect(error.message).toMatch(why);
    }
  });

  it.each([
    ["version 0", "UPDATE unfinished.about SET value = '0' WHERE key = 'version'"],
    ["version -1", "UPDATE unfinished.about SET value = '-1' WHERE key = 'version'"],
    ["version none", "UPDATE unfinished.about SET value = 'none' WHERE key = 'version'"],
    ["version missing", "DELETE FROM unfinished.about WHERE key = 'version'"],
  ])("is refused where its schema is unfinished, and writes nothing there: %s", async (version, change) => {
    const { url } = server();
    await sql(url, "DROP SCHEMA IF EXISTS unfinished CASCADE");
    await (await open(url, "unfinished")).close();
    await sql(url, change);
    const about = () => sql(url, "SELECT * FROM unfinished.about ORDER BY key");
    const before = await about();
    const error = await refusal(() => open(url, "unfinished"));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
    expect(error.message).toContain(`found an unfinished schema "unfinished" (${version} with `);
    expect(await about()).toEqual(before);
  });

  it("is refused where a power cut could lose what was acknowledged, unless that is wanted", async () => {
    const { url } = server();
    const careless = `${url}?options=${encodeURIComponent("-c synchronous_commit=off")}`;
    const error = await refusal(() => open(careless));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE" });
    expect(error.message).toMatch(/found synchronous_commit=off/);
    const log = postgres(careless, { durability: "process" }).eventLog!(randomUUID());
    logs.push(log);
    await log.open();
    expect(log.capabilities.durability).toBe("process");
  });

  it("says what is wrong with an address, a password or a database, and never tells the password", async () => {
    const { url } = server();
    const other = (change: (url: URL) => void) => {
      const changed = new URL(url);
      change(changed);
      return changed.href;
    };
    const table: [address: string, type: string, retryable: boolean, why: RegExp][] = [
      [other((u) => (u.hostname = "no-such-host.invalid")), "STORE_UNAVAILABLE", true, /no host has this name/],
      [other((u) => (u.port = "1")), "STORE_UNAVAILABLE", true, /does not respond \(ECONNREFUSED\)/],
      [other((u) => (u.password = "wrong")), "UNUSABLE_STORE", false, /rejected the user's password/],
      [other((u) => (u.password = "")), "UNUSABLE_STORE", false, /found no password.* use postgres:\/\/user:pass/],
      [
        other((u) => (u.search = "sslmode=verify-full")),
        "UNUSABLE_STORE",
        false,
        /not support TLS.* set sslmode=disable/,
      ],
      [other((u) => (u.pathname = "/nowhere")), "UNUSABLE_STORE", false, /the database does not exist/],
    ];
    for (const [address, type, retryable, why] of table) {
      const error = await refusal(() => open(address));
      expect(error).toMatchObject({ type, retryable });
      expect(error.message).toMatch(why);
      expect(error.message).toMatch(/^postgres:\/\/\S+:\d+\/\w+ schema "/);
      expect(error.message).not.toMatch(/right|wrong/);
      expect(error.cause).toMatchObject({ message: expect.any(String) });
    }
  });

  it("is refused where the server's certificate is not trusted", async () => {
    const { url } = server();
    const names = "-subj /CN=localhost -out server.crt -keyout server.key";
    await sql(
      url,
      `COPY (SELECT 1) TO PROGRAM 'openssl req -x509 -newkey rsa:2048 -nodes -days 2 ${names} 2>/dev/null'`,
    );
    await sql(url, "ALTER SYSTEM SET ssl = on");
    await sql(url, "SELECT pg_reload_conf()");
    await eventually(() => sql(`${url}?sslmode=no-verify`, "SELECT 1"));
    expect(await refusal(() => open(`${url}?sslmode=verify-full`))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(/127\.0\.0\.1.*certificate is not trusted.*sslrootcert/) as string,
    });
    await appended(await open(`${url}?sslmode=no-verify`), appendTo("a"));
  });

  it("keeps every acknowledged event once while the server is killed and restarted", async () => {
    const log = await open(server().url);
    const acknowledged = new Map<string, number>();
    const running = { isOver: false };
    const unavailable = new Set<unknown>();
    const appendForEver = async (caller: number) => {
      for (let n = 0; !running.isOver; n++) {
        const request = appendTo(`s-${caller}`, [{ id: randomUUID() }, { id: randomUUID() }]);
        // Sent again until it is answered, as a caller does whose answer was lost.
        await eventually(async () => {
          const events = await appended(log, request).catch((error: unknown) => {
            unavailable.add((error as { type?: unknown }).type ?? String(error));
            throw error;
          });
          for (const { id, position } of events) acknowledged.set(id, position);
        }, 60_000);
      }
    };
    const callers = Promise.all(upTo(8).map(appendForEver));
    for (let round = 0; round < 10; round++) {
      const before = acknowledged.size;
      await eventually(() => expect(acknowledged.size).toBeGreaterThan(before + 40));
      await server().kill();
      await server().start();
    }
    running.isOver = true;
    await callers;
    const events = await everything(log);
    expect(events.map(({ position }) => position)).toEqual(upTo(events.length));
    expect(new Map(events.map(({ id, position }) => [id, position]))).toEqual(acknowledged);
    expect([...unavailable].filter((type) => type !== "STORE_UNAVAILABLE")).toEqual([]);
  }, 180_000);

  it("answers a call within the time-out while the server is gone, and goes on when it is back", async () => {
    const log = await open(server().url);
    await appended(log, appendTo("a"));
    await server().kill();
    for (const call of [() => log.append([appendTo("a")]), () => log.head(), () => log.control.get("key")])
      expect(await refusal(call)).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    await server().start();
    expect((await appended(log, appendTo("a")))[0]!.position).toBe(2);
  });
});

describeWith("postgres", "A long stream in a table of which the server has no statistics", (server) => {
  const count = 20_000;

  /** Every 5,000th event is of type `rare`. */
  async function longStream(name: string): Promise<EventLog> {
    const log = await open(server().url, name);
    await sql(server().url, `ALTER TABLE "${name}".events SET (autovacuum_enabled = false)`);
    for (let at = 0; at < count; at += 1000)
      await appended(
        log,
        appendTo(
          "long",
          Array.from({ length: 1000 }, (_, index) => ({
            type: (at + index + 1) % 5000 === 0 ? "rare" : "usual",
            payload: {},
          })),
        ),
      );
    return log;
  }

  async function versions(log: EventLog, backward: boolean, wanted?: (type: string) => boolean): Promise<number[]> {
    const found: number[] = [];
    for (let afterVersion = backward ? Number.MAX_SAFE_INTEGER : 0; ;) {
      const page = await log.readStream("long", { afterVersion, limit: 500, backward, ...(wanted && { wanted }) });
      if (page.length === 0) return found;
      found.push(...page.map(({ version }) => version));
      afterVersion = found.at(-1)!;
    }
  }

  it("is read page by page, each event about once", async () => {
    const name = randomUUID();
    const log = await longStream(name);
    const fetched = async (): Promise<number> => {
      const [row] = await sql(
        server().url,
        `SELECT (idx_tup_fetch + seq_tup_read)::int AS rows FROM pg_stat_user_tables WHERE schemaname = '${name}' AND relname = 'events'`,
      );
      return (row as { rows: number }).rows;
    };
    // Its sessions tell what they have read when they end.
    await log.close();
    const before = await fetched();
    await log.open();
    expect(await versions(log, false)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(await versions(log, true)).toEqual(Array.from({ length: count }, (_, index) => count - index));
    await log.close();
    const read = await eventually(async () => {
      const rows = (await fetched()) - before;
      expect(rows).toBeGreaterThanOrEqual(2 * count);
      return rows;
    });
    expect(read).toBeLessThan(4 * count);
  });

  it("is searched for types that are rare in it, to its end", async () => {
    const log = await longStream(randomUUID());
    const isRare = (type: string) => type === "rare";
    expect(await versions(log, false, isRare)).toEqual([5000, 10_000, 15_000, 20_000]);
    expect(await versions(log, true, isRare)).toEqual([20_000, 15_000, 10_000, 5000]);
    expect(await versions(log, false, () => false)).toEqual([]);
    expect(await versions(log, true, () => false)).toEqual([]);
  });
});
