import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { MongoClient } from "mongodb";
import { connect } from "nats";
import { EventStore } from "moleculer-event-sourcing";
import { engines } from "../../../adapters/engines.ts";
import { mongodb } from "../../../adapters/mongodb/mongodb.ts";
import { nats } from "../../../adapters/nats/nats.ts";
import { assertServerVersion } from "../../../adapters/nats/server-version.ts";
import { logMigrations } from "../../../adapters/postgres/event-schema.ts";
import { formats } from "../../../core/log/stored-format.ts";
import { assertServerVersion as refuseOldPostgres } from "../../../adapters/postgres/schema.ts";
import { resolveAdapter } from "../../../core/adapter.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { LogLines } from "../../mixins/log-lines.ts";
import { cleanUp, eventually, newBroker, newFolder, refusal } from "../../support/broker.ts";
import { describeWith, EngineServer, find } from "../../support/engines.ts";
import { FaultyLine } from "../../support/faulty-line.ts";
import { natsServers } from "../../support/nats-server.ts";
import { sql } from "../../support/postgres-server.ts";

afterEach(cleanUp);

interface Case {
  engine: "nats-server with little room" | "mongodb" | "postgres";
  /** The server's with these changes, complete with whatever else is needed. */
  url: (server: EngineServer, change?: (url: URL) => void) => string;
  withPassword: (url: URL) => void;
  refused: RegExp;
  /** The log says of itself that it is of this version or format. */
  says: (server: EngineServer, name: string, version: number) => Promise<void>;
  /** Which it is by now. */
  version: number;
  newer: RegExp;
  /** What the server says of its own version, changed to an older one. */
  older: (said: Buffer) => Buffer;
  tooOld: RegExp;
  /** A state so large is refused by the server. */
  tooLarge: number | null;
}

function changed(href: string, change: (url: URL) => void): string {
  // By its own scheme no URL takes another host.
  const url = new URL(href.replace(/^\w+:/, "http:"));
  change(url);
  return url.href.replace(/^http:/, /^\w+:/.exec(href)![0]);
}

/** As much as it was, where lengths are told. */
const saying = (what: RegExp, instead: string) => (said: Buffer) =>
  Buffer.from(said.toString("latin1").replace(what, instead), "latin1");

const indexed = (href: string) => `${href}${href.includes("?") ? "&" : "?"}folder=${newFolder()}`;
const unchanged = () => {};

const cases: Case[] = [
  {
    engine: "nats-server with little room",
    url: (server, change = unchanged) =>
      indexed(
        changed(server.url, (url) => {
          [url.username, url.password] = ["ann", "right"];
          change(url);
        }),
      ),
    withPassword: (url) => (url.password = "wrong"),
    refused: /the server refuses the user, the password or a permission/,
    says: async (server, name, version) => {
      const connection = await connect({ servers: server.url, user: "ann", pass: "right" });
      const { streams } = await connection.jetstreamManager();
      const { data } = await streams.getMessage(`${name}_commits`, { seq: 1 });
      const { config } = await streams.info(`${name}_commits`);
      await streams.delete(`${name}_commits`);
      await streams.add(config);
      await connection.jetstream().publish(`${name}_commits`, ofFormat(Buffer.from(data).toString(), version));
      await connection.close();
    },
    version: formats.record,
    newer: /written by a newer version .*: format of record 1: found 99, expected 1/,
    older: saying(/"version":"[\d.]+"/, '"version":"2.8.4"'),
    tooOld: /found nats-server 2\.8\.4, expected 2\.9\.3 or newer/,
    tooLarge: 2_000_000,
  },
  {
    engine: "mongodb",
    url: (server, change = unchanged) => indexed(changed(`${server.url}/shop`, change)),
    withPassword: (url) => ([url.username, url.password] = ["ann", "wrong"]),
    refused: /the server refuses the user, the password or a permission/,
    says: async (server, name, version) => {
      const client = new MongoClient(server.url);
      const commits = client.db("shop").collection<{ _id: number; record: string }>(`${name}_commits`);
      const record = ofFormat((await commits.findOne({ _id: 1 }))!.record, version);
      await commits.updateOne({ _id: 1 }, { $set: { record } });
      await client.close();
    },
    version: formats.record,
    newer: /written by a newer version .*: format of record 1: found 99, expected 1/,
    // A number of 32 bits.
    older: saying(/(?<=maxWireVersion\0)[^]{4}/, "\u0006\0\0\0"),
    tooOld: /the driver does not support the server's version: .*wire version 6/,
    tooLarge: 9_000_000,
  },
  {
    engine: "postgres",
    url: (server, change = unchanged) => changed(server.url, change),
    withPassword: (url) => (url.password = "wrong"),
    refused: /the server rejected the user's password/,
    says: async (server, name, version) => {
      await sql(server.url, `UPDATE "${name}".about SET value = '${version}' WHERE key = 'version'`);
    },
    version: logMigrations.migrations.length,
    newer: /written by a newer version .*: schema version: found 99, expected at most \d+/,
    // A text of six digits, behind its length.
    older: saying(/(?<=\0[^\d])1\d{5}(?!\d)/, "110022"),
    tooOld: /found PostgreSQL .*, expected 12 or newer/,
    tooLarge: null,
  },
];

/** The files of one that nobody has signed but itself. */
function newCertificate(): { cert: string; key: string } {
  const folder = newFolder();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", cert, "-keyout", key];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...names];
  execFileSync("openssl", request, { stdio: "ignore" });
  return { cert, key };
}

const ofFormat = (record: string, format: number) => record.replace(/"format":\d+/, `"format":${format}`);
const sockets = () => process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length;

for (const { engine, url, withPassword, refused, says, version, newer, older, tooOld, tooLarge } of cases)
  describeWith(engine, `A log in ${engine}`, (server) => {
    const logAt = (address: string, name = `s${randomUUID().slice(0, 8)}`) =>
      resolveAdapter(engines, address).eventLog!(name);

    it("is an outage where its host has no such name or no server, and leaves no connection behind", async () => {
      for (const [change, why] of [
        [(at: URL) => (at.hostname = "no-such-host.invalid"), /no-such-host.invalid.*: no host has this name/],
        [(at: URL) => (at.port = "1"), /127.0.0.1:1\b.*: .*(answer|respond).*REFUSED/],
      ] as const) {
        const error = await refusal(() => logAt(url(server(), change)).open());
        expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
        expect(error.message).toMatch(why);
        expect(error.message).not.toMatch(/right/);
        expect(error.cause).toMatchObject({ message: expect.any(String) });
      }
      await eventually(() => expect(sockets()).toBe(0));
    });

    it("is refused to a wrong password, which is not told", async () => {
      const error = await refusal(() => logAt(url(server(), withPassword)).open());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
      expect(error.message).toMatch(refused);
      expect(error.message).toContain("127.0.0.1");
      expect(error.message).not.toMatch(/wrong/);
      await eventually(() => expect(sockets()).toBe(0));
    });

    it("ends its node's start at once where somebody has to act, who may start it again", async () => {
      const lines = new LogLines({});
      const broker = newBroker({ logger: lines });
      const events = EventStore("events", { adapter: url(server(), withPassword) });
      broker.createService({ name: "host", mixins: [events.mixin()] });
      // Where a start fails, Moleculer lets the services that wait for it go on waiting.
      const error = await refusal(() => broker.start());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE" });
      expect(error.message).toMatch(refused);
      expect(lines.of("warn", /cannot be opened/)).toEqual([]);
      await broker.stop();
    });

    it("is refused where it is from a newer version, leaves nothing open, and opens when it is not any more", async () => {
      const name = `s${randomUUID().slice(0, 8)}`;
      const address = url(server());
      const log = logAt(address, name);
      await log.open();
      await log.close();
      await says(server(), name, 99);
      const error = await refusal(() => log.open());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
      expect(error.message).toMatch(newer);
      await eventually(() => expect(sockets()).toBe(0));
      await says(server(), name, version);
      await log.open();
      expect((await appended(log, appendTo("a")))[0]).toMatchObject({ version: 1, position: 1 });
      await log.close();
    });

    it("is refused where the server says that it is too old", async () => {
      const line = await FaultyLine.to(server().url);
      const log = logAt(url(server(), (at) => (at.port = new URL(line.url).port)));
      line.hear(older);
      const error = await refusal(() => log.open());
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
      expect(error.message).toMatch(tooOld);
      line.hear((said) => said);
      await log.open();
      expect((await appended(log, appendTo("a")))[0]).toMatchObject({ version: 1, position: 1 });
      await log.close();
      await line.close();
    });

    if (tooLarge !== null)
      it("refuses a state that the server does not take, with its key and sizes", async () => {
        const log = logAt(url(server()));
        await log.open();
        const error = await refusal(() => log.control.put("subscription/watch", "x".repeat(tooLarge), 0));
        expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
        expect(error.message).toMatch(
          new RegExp(
            `the state subscription/watch has ${Math.floor(tooLarge / 10_000)}\\d+ bytes, expected at most \\d+`,
          ),
        );
        expect(await log.control.put("subscription/watch", "x".repeat(100_000), 0)).toBe(1);
        await log.close();
      });
  });

describeWith("nats-server", "A log in a nats-server with a certificate", () => {
  it("is refused where that is not trusted, and opens where it is", async () => {
    const { cert, key } = newCertificate();
    const { args, ...plain } = natsServers["nats-server"];
    const withTls = (...at: Parameters<typeof args>) => [...args(...at), "--tls", "--tlscert", cert, "--tlskey", key];
    const server = await EngineServer.start({ ...plain, args: withTls }, find("nats-server")!);
    try {
      const logWith = (connection: object) =>
        nats(server.url, { folder: newFolder(), driver: connection }).eventLog!("events");
      expect(await refusal(() => logWith({}).open())).toMatchObject({
        type: "UNUSABLE_STORE",
        message: expect.stringMatching(/127\.0\.0\.1.*certificate is not trusted.*caFile/) as string,
      });
      expect(await refusal(() => logWith({ tls: { caFile: `${cert}.none` } }).open())).toMatchObject({
        type: "UNUSABLE_STORE",
        message: expect.stringMatching(/cannot use its TLS options: .*cert\.pem\.none/) as string,
      });
      const log = logWith({ tls: { caFile: cert } });
      await log.open();
      expect((await appended(log, appendTo("a")))[0]).toMatchObject({ version: 1, position: 1 });
      await log.close();
    } finally {
      await server.stop();
    }
  });
});

describe("A server for MongoDB's driver with a certificate", () => {
  it("is refused where that is not trusted", async () => {
    const { cert, key } = newCertificate();
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }).on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const url = `mongodb://127.0.0.1:${port}/shop?tls=true`;
    const open = (url: string) => mongodb(url, { folder: newFolder() }).eventLog!("events").open();
    expect(await refusal(() => open(url))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(/127\.0\.0\.1.*certificate is not trusted.*tlsCAFile/) as string,
    });
    expect(await refusal(() => open(`${url}&tlsCAFile=${cert}.none`))).toMatchObject({
      type: "UNUSABLE_STORE",
      message: expect.stringMatching(/a file that it names cannot be read.*cert\.pem\.none/) as string,
    });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("A server that is too old", () => {
  it("is refused by nats-server's version, and one that is newer is not", async () => {
    const warnings: string[] = [];
    const check = (version: string | undefined, replicas: number) => () =>
      assertServerVersion("nats://one/events", version, replicas, (message) => warnings.push(message));
    for (const version of ["2.10.23", "2.10.29", "2.11.0-preview.2", "2.12.1", "3.0.0"])
      for (const replicas of [1, 3]) expect(check(version, replicas)).not.toThrow();
    expect(warnings).toEqual([]);
    for (const version of ["2.9.3", "2.9.10", "2.10.0-beta.1", "2.10.22"]) {
      expect(check(version, 1)).not.toThrow();
      expect(warnings.splice(0)).toEqual([
        expect.stringContaining(`found nats-server ${version}, which is safe only without replicas`),
      ]);
      const error = await refusal(check(version, 3));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toContain(`found nats-server ${version}, expected 2.10.23 or newer for replicas=3`);
    }
    for (const version of ["2.9.2", "2.8.4", "1.99.99"]) {
      const error = await refusal(check(version, 1));
      expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
      expect(error.message).toBe(`nats://one/events: found nats-server ${version}, expected 2.9.3 or newer`);
    }
    expect((await refusal(check(undefined, 1))).message).toMatch(/without a version/);
  });

  it("is refused by PostgreSQL's version", async () => {
    expect(() => refuseOldPostgres("postgres://one", 120_000, "12.0")).not.toThrow();
    const error = await refusal(() => refuseOldPostgres("postgres://one", 110_022, "11.22"));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", retryable: false });
    expect(error.message).toBe("postgres://one: found PostgreSQL 11.22, expected 12 or newer");
  });
});
