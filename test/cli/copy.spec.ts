import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";
import type { ServiceBroker } from "moleculer";
import { engines } from "../../adapters/engines.ts";
import type { EventLog } from "../../core/event-log.ts";
import { toImportRequest } from "../../core/history-event.ts";
import { LeaseHold } from "../../mixins/consumer/lease-hold.ts";
import { pumpKey } from "../../mixins/event-store/pump-checkpoint.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { killClis, startCli } from "./cli-process.ts";
import { shop, type Doings } from "./shop.ts";

afterEach(async () => {
  killClis();
  await cleanUp();
});

const copy = (from: string, to: string, ...more: string[]) => startCli(["copy", from, to, ...more]);
const checksumsIn = (output: string) => output.match(/[0-9a-f]{64}/g);
const sqliteIn = (folder: string, name: string) => `sqlite:${folder}/${name}.db`;

const logAt = (place: string, store = "shopEvents"): EventLog =>
  engines.byScheme[place.slice(0, place.indexOf(":"))]!(place).eventLog!(store);

/** So many events in some streams, in one place. */
async function filled(place: string, count: number, store = "shopEvents"): Promise<string> {
  const log = logAt(place, store);
  await log.open();
  for (let n = 0; n < count; n += 500) await append(log, n, Math.min(500, count - n));
  await log.close();
  return place;
}

const append = (log: EventLog, after: number, count: number) =>
  log.append(
    Array.from({ length: count }, (_, index) => {
      const number = after + index;
      const event = { id: randomUUID(), type: "thing.made", stream: `thing-${number % 700}`, payload: { number } };
      return toImportRequest({ ...event, meta: { correlationId: "c", causationId: "d", by: "ann" } }, 1e6);
    }),
  );

/** Starts the shop, which does nothing but to catch up. */
async function open(adapter: string, folder: string) {
  const doings: Doings = { folded: [], handled: [] };
  const broker = await startBroker([shop(adapter, folder, doings)]);
  await caughtUp(broker, "sales");
  await eventually(async () => {
    for (const consumer of ["mails", "payments"])
      expect(await broker.call(`${consumer}.status`)).toMatchObject({ lag: 0 });
  });
  return { broker, doings };
}

/** What a shop on SQLite has come to: orders, customers, links, checkpoints, processes and state snapshots. */
async function busyShop(folder: string): Promise<string> {
  const adapter = sqliteIn(folder, "shop");
  const { broker } = await open(adapter, folder);
  await broker.call("shop.join", { id: "ann", email: "ann@example.com" });
  for (let n = 1; n <= 30; n++) await broker.call("shop.order", { order: `o${n % 20}`, amount: n });
  const all: { id: string }[] = await broker.call("shopEvents.read", { limit: 20 });
  await broker.call("shopEvents.link", { stream: "first", ids: all.map(({ id }) => id) });
  await broker.call("shopEvents.link", { stream: "odd one", ids: [all[7]!.id] });
  await broker.call("mails.pause");
  await caughtUp(broker, "sales");
  await broker.stop();
  return adapter;
}

function copies(place: (folder: string) => string): void {
  describe("A copy", () => {
    it("has everything of a SQLite log, and brings it back", async () => {
      const folder = newFolder();
      const [from, to] = [await busyShop(folder), place(folder)];
      const there = await copy(from, to, "--name", "shopEvents");
      expect(there).toMatchObject({ code: 0, errors: "" });
      expect(there.output).toMatch(
        /source +31 +21 +21 +\d+[^]*\ncopy +31 +21 +21 +\d+[^]*The copy is whole\.\nIt has its source up to event 31\. What the source is given from now on is not in it\.\n$/,
      );
      const back = await copy(to, sqliteIn(folder, "back"), "--name", "shopEvents");
      expect(back).toMatchObject({ code: 0, errors: "" });
      expect(new Set([...checksumsIn(there.output)!, ...checksumsIn(back.output)!]).size).toBe(1);
      const [one, other] = [logAt(from), logAt(sqliteIn(folder, "back"))];
      await Promise.all([one.open(), other.open()]);
      expect(await other.identity()).toBe(await one.identity());
      await Promise.all([one.close(), other.close()]);
    });

    it("is what the table, the subscription, the processes and the claims go on with", async () => {
      const folder = newFolder();
      const [from, to] = [await busyShop(folder), place(folder)];
      expect(await copy(from, to, "--name", "shopEvents")).toMatchObject({ code: 0 });

      const { broker, doings } = await open(to, folder);
      await broker.call("shop.order", { order: "new", amount: 1000 });
      await caughtUp(broker, "sales");
      expect(doings.folded.map(({ position }) => position)).toEqual([32]);
      expect(await broker.call("sales.get", { id: "all" })).toEqual({ id: "all", orders: 31, amount: 465 + 1000 });
      expect(await broker.call("sales.verify")).toMatchObject({ ok: true });
      expect(await broker.call("mails.status")).toMatchObject({ paused: true });
      await broker.call("mails.resume");
      await eventually(() => expect(doings.handled.map(({ position }) => position)).toEqual([32]));
      expect(await broker.call("payments.instances", { limit: 100 })).toHaveLength(21);
      const twice = await refusal(() => broker.call("shop.join", { id: "bob", email: "ANN@example.com" }));
      expect(twice).toMatchObject({ type: "DUPLICATE_CLAIM" });
      expect(await broker.call("shopEvents.read", { stream: "odd one" })).toMatchObject([{ position: 8 }]);
    });

    it("goes on where it was killed, and until then no store opens it", async () => {
      const folder = newFolder();
      const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), place(folder)];
      const args = ["copy", from, to, "--name", "shopEvents"];
      const killed = await startCli(args, (_, kill) => kill());
      expect(killed).toMatchObject({ code: null });
      expect(killed.output).toMatch(/^copying: event \d+ of 20000\n$/);

      const broker = startBroker([shop(to, folder, { folded: [], handled: [] })]);
      const { message } = await refusal(() => broker);
      expect(message).toContain(`${logAt(to).where}: found a copy of another log that is not finished`);
      const finished = await startCli(args);
      expect(finished).toMatchObject({ code: 0, errors: "" });
      expect(finished.output).toMatch(/^A copy that was begun goes on after event [1-9]\d*\./);
      const [source, target] = checksumsIn(finished.output)!;
      expect(target).toBe(source);
    });
  });
}

describe("On SQLite", () => {
  copies((folder) => sqliteIn(folder, "copy"));
});
describeWith("nats-server", "On NATS JetStream", (server) => {
  copies((folder) => `${server().url}?folder=${folder}/index&prefix=${randomUUID()}-`);

  it("names the state for which the server has no room", async () => {
    const from = await filled(sqliteIn(newFolder(), "from"), 10);
    const log = logAt(from);
    await log.open();
    await log.putState("state/process-manager/payments/7", "x".repeat(2_000_000), 0);
    await log.close();
    const ended = await copy(from, server().url, "--name", "largeState");
    expect(ended.code).toBe(1);
    expect(ended.errors).toMatch(
      /state state\/process-manager\/payments\/7 was not stored: .*has 2000069 bytes, expected at most/,
    );
  });
});
describeWith("mongodb", "On MongoDB", (server) => {
  copies((folder) => `${server().url}/${randomUUID()}?folder=${folder}/index`);
});
describeWith("postgres", "On PostgreSQL", (server) => {
  copies(() => `${server().url}?schema=${randomUUID()}`);
});

describe("The command copy", () => {
  const refused = (code: number, says: string) => ({
    code,
    output: "",
    errors: expect.stringContaining(says) as string,
  });
  const nats = "nats://127.0.0.1:1";
  const expectedEngines = "expected one of sqlite:, mongodb:, mongodb+srv:, nats:, postgres:, postgresql:";

  it("says how it is called", async () => {
    expect((await startCli(["--help"])).output).toContain("copy <from> <to>");
    expect(await startCli(["copy", "--help"])).toMatchObject({ code: 0, errors: "" });
    expect(await startCli([])).toMatchObject({ code: 2 });
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await startCli(["--version"])).toEqual({ code: 0, output: `${version}\n`, errors: "" });
  });

  it.each([
    ["another command", ["move", "a", "b"], "found the command move, expected copy"],
    ["no command", ["postgres://shop:secret@db/shop"], "found the command postgres://shop:***@db/shop, expected copy"],
    ["an engine that is none", ["copy", "sqlite:a.db", "pg://a:secret@db"], '<to>: found "pg://a:***@db"'],
    ["one place", ["copy", "sqlite:a.db"], "found 1 place, expected two"],
    ["three places", ["copy", "sqlite:a.db", "sqlite:b.db", "c"], "found 3 places, expected two"],
    ["an unknown option", ["copy", "sqlite:a.db", "sqlite:b.db", "--force"], "--force"],
    ["an unknown engine", ["copy", "sqlite:a.db", "redis://b"], `<to>: found "redis://b", ${expectedEngines}\n`],
    ["a path alone", ["copy", "a.db", "sqlite:b.db"], `<from>: found "a.db", ${expectedEngines}\n`],
    ["a wrong option of an engine", ["copy", "sqlite:a.db?x=1", "sqlite:b.db"], "<from>: adapter.x"],
    ["what ends with the process", ["copy", "memory:a", "sqlite:b.db"], `found "memory:a", ${expectedEngines}\n`],
    ["a server without a name", ["copy", "sqlite:a.db", nats], "found no --name"],
    ["a server without a name for the copy", ["copy", nats, "sqlite:a.db", "--to-name", "x"], "found no --name"],
    ["the same file", ["copy", "sqlite:a.db", "sqlite:./a.db"], "expected two places"],
    ["the same store", ["copy", nats, nats, "--name", "x"], "expected two places"],
  ])("refuses %s, and touches nothing", async (_, args, says) => {
    const ended = await startCli(args);
    expect(ended).toEqual(refused(2, says));
    expect(ended.errors).toContain("--help");
  });

  it("refuses a source that is not there, and leaves nothing behind", async () => {
    const [from, to] = [sqliteIn(newFolder(), "from"), sqliteIn(newFolder(), "to")];
    expect(await copy(from, to)).toEqual(refused(1, "found no log there"));
    for (const place of [from, to]) expect(existsSync(place.slice("sqlite:".length))).toBe(false);
  });

  it("refuses a target in which something is, and leaves it as it was", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 10), await filled(sqliteIn(folder, "to"), 3)];
    expect(await copy(from, to)).toEqual(refused(1, `${folder}/to.db: <to> is another log already`));
    const log = logAt(to);
    await log.open();
    expect(await log.head()).toBe(3);
    await log.close();
  });

  it("says of a copy that is finished that it is whole, until one of the two has gone on", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 10), sqliteIn(folder, "to")];
    expect(await copy(from, to)).toMatchObject({ code: 0 });
    const again = await copy(from, to);
    expect(again).toMatchObject({ code: 0, errors: "" });
    expect(again.output).toMatch(/^The copy was finished before, and is whole\.\nIt has its source up to event 10\./m);
    await filled(to, 1);
    const late = await copy(from, to);
    expect(late.code).toBe(1);
    expect(late.errors).toContain(`${folder}/to.db: <to> is a copy of <from> that was finished before, and since then`);
    expect(late.errors).toContain("found event 11, expected nothing more");
    expect(late.errors).toContain("name another place: another file");
  });

  it("says where it was interrupted, and goes on there", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "to")];
    const ended = await startCli(["copy", from, to], (_, kill) => kill("SIGINT"));
    expect(ended.code).toBe(130);
    expect(ended.errors).toMatch(/^Interrupted after event \d+; run it again to go on\.\n$/);
    const after = /\d+/.exec(ended.errors)![0];
    const { code, output } = await copy(from, to);
    expect(output).toContain(`A copy that was begun goes on after event ${after}.\n`);
    expect(code).toBe(0);
  });

  it("refuses a source that a store has open", async () => {
    const folder = newFolder();
    const log = logAt(await filled(sqliteIn(folder, "from"), 10));
    await log.open();
    const ended = await copy(sqliteIn(folder, "from"), sqliteIn(folder, "to"));
    expect(ended).toEqual(refused(1, "is hosted by another process"));
    await log.close();
  });

  it("refuses a source that is an unfinished copy", async () => {
    const folder = newFolder();
    const [from, half] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "half")];
    await startCli(["copy", from, half], (_, kill) => kill());
    const ended = await copy(half, sqliteIn(folder, "to"));
    expect(ended).toEqual(refused(1, "<from> is a copy that is not finished itself"));
  });

  it("refuses a time that is still to come, and takes it when it has come", async () => {
    const folder = newFolder();
    const from = await filled(sqliteIn(folder, "from"), 10);
    const later = (sql: string, ...values: string[]) => {
      const db = new Database(from.slice("sqlite:".length));
      db.exec("DROP TRIGGER IF EXISTS events_never_change");
      db.prepare(sql).run(...values);
      db.close();
    };
    later("UPDATE events SET time = '2999-01-01T00:00:00.000Z' WHERE position = 10");
    const early = await copy(from, sqliteIn(folder, "to"));
    expect(early).toEqual(refused(1, "event 10 happened at 2999-01-01T00:00:00.000Z, later than this machine's clock"));
    later("UPDATE events SET time = ? WHERE position = 10", new Date().toISOString());
    expect(await copy(from, sqliteIn(folder, "to"))).toMatchObject({ code: 0 });
  });

  it("names the first difference between a copy and its source, and keeps the copy from being opened", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "to")];
    await startCli(["copy", from, to], (_, kill) => kill());
    const db = new Database(to.slice("sqlite:".length));
    db.exec("DROP TRIGGER events_never_change; UPDATE events SET payload = '{\"number\":-1}' WHERE position IN (4, 7)");
    db.close();
    const ended = await copy(from, to);
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain('event 4, payload: found {"number":-1}, expected {"number":3}');
    expect(new Set(checksumsIn(ended.output)).size).toBe(2);
    const broker = startBroker([shop(to, folder, { folded: [], handled: [] })]);
    expect((await refusal(() => broker)).message).toContain("not finished");
  });
});

describeWith("postgres", "The source of a copy on a server", (server) => {
  const doings = (): Doings => ({ folded: [], handled: [] });

  it("is refused while a host of its store runs, though its pump is paused, and nothing is copied", async () => {
    const [from, folder] = [`${server().url}?schema=hosted`, newFolder()];
    const { broker } = await open(from, folder);
    await broker.call("shopEvents.pause");
    await broker.stop();
    await broker.start();
    const ended = await copy(from, sqliteIn(folder, "to"), "--name", "shopEvents");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain(
      `${logAt(from).where}: a host of the store runs, or was killed a moment ago; waiting 7 s`,
    );
    expect(ended.errors).toContain(
      "found a host of the store running, expected none: nothing was copied. Stop every host",
    );
    expect(existsSync(`${folder}/to.db`)).toBe(false);
  });

  it("is waited for until the lease of a host that was killed has lapsed", async () => {
    const [from, folder] = [await filled(`${server().url}?schema=killed`, 10), newFolder()];
    const log = logAt(from);
    await log.open();
    const takeLease = (holder: string, ttlMs: number) => log.acquireLease(pumpKey, holder, ttlMs);
    const hold = new LeaseHold({ takeLease, releaseLease: (lease) => log.releaseLease(lease) }, "host");
    await hold.hold();
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"], (output) => {
      if (output.includes("or was killed a moment ago")) hold.lose();
    });
    expect(hold.lease).toBeNull();
    expect(ended).toMatchObject({ code: 0 });
    await log.close();
  });

  it("leaves the copy closed where a host was started meanwhile, until it is copied without one", async () => {
    const [from, folder] = [await filled(`${server().url}?schema=started`, 3000), newFolder()];
    const to = sqliteIn(folder, "to");
    let host: Promise<ServiceBroker> | undefined;
    const ended = await startCli(["copy", from, to, "--name", "shopEvents"], (_, kill) => {
      if (host) return;
      // Else it may be done before a host has come.
      kill("SIGSTOP");
      host = open(from, folder).then(({ broker }) => broker);
      const goOn = () => kill("SIGCONT");
      void host.then(goOn, goOn);
    });
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain(
      "what it stores is not in the copy, which stays closed. Stop every host of the store",
    );
    const other = newFolder();
    expect((await refusal(() => startBroker([shop(to, other, doings())]))).message).toContain("that is not finished");
    await (await host!).stop();
    expect(await copy(from, to, "--name", "shopEvents")).toMatchObject({ code: 0, errors: "" });
  });

  it("is not its own copy by another address", async () => {
    const from = await filled(`${server().url}?schema=twice`, 10);
    const to = from.replace("127.0.0.1", "localhost");
    expect(to).not.toBe(from);
    const ended = await copy(from, to, "--name", "shopEvents");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain("<to> is <from> by another address; name another place: another database");
  });

  it("is looked for under the store's name, and where it stands is said without the password", async () => {
    const from = server().url;
    expect(from).toContain(":right@");
    const ended = await copy(from, sqliteIn(newFolder(), "to"), "--name", "shopEvent");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain(
      `${logAt(from, "shopEvent").where}: found no log named shopEvent there; --name names the store, <from> its place`,
    );
    expect(ended.errors).not.toContain("right");
  });

  /** Appends to the source as long as `goesOn`. */
  async function appendTo(from: string, goesOn: () => boolean): Promise<void> {
    const log = logAt(from);
    await log.open();
    for (let n = 0; goesOn(); n++) await append(log, n, 1);
    await log.close();
  }

  it("may be written to while it is copied: the rest follows", async () => {
    const [from, folder] = [`${server().url}?schema=busy`, newFolder()];
    await filled(from, 3000);
    let isWritten = true;
    const writer = appendTo(from, () => isWritten);
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"], (output) => {
      if (output.includes("the rest is copied")) isWritten = false;
    });
    isWritten = false;
    await writer;
    expect(ended).toMatchObject({ code: 0, errors: "" });
    expect(ended.output).toContain("The source may have been written meanwhile");
    const [source, target] = [logAt(from), logAt(sqliteIn(folder, "to"))];
    await Promise.all([source.open(), target.open()]);
    expect(await target.head()).toBe(await source.head());
    await Promise.all([source.close(), target.close()]);
  });

  it("is to be stopped where it never rests", async () => {
    const [from, folder] = [`${server().url}?schema=restless`, newFolder()];
    await filled(from, 3000);
    let isWritten = true;
    const writer = appendTo(from, () => isWritten);
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"]);
    isWritten = false;
    await writer;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.errors).toContain("If the source has hosts that run, stop them and start the copy again");
    expect(await copy(from, sqliteIn(folder, "to"), "--name", "shopEvents")).toMatchObject({ code: 0 });
  });
});
