import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import { EventStore, Aggregate } from "moleculer-event-sourcing";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { hostElsewhere, killHosts } from "./sqlite-child.ts";

let folder: string;

const { checkEveryMs } = times.openFiles;

beforeEach(() => {
  // A -wal that was truncated and extended between two checks is longer than before.
  setTimes({ openFiles: { checkEveryMs: 0 } });
  folder = newFolder();
});

afterEach(async () => {
  setTimes({ openFiles: { checkEveryMs } });
  await killHosts();
  await cleanUp();
});

/** A node with a log and a table, after 20 events; `data` is the content of both. */
async function host(): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: `sqlite:${folder}/data/events.db` });
  const things = Aggregate("things", { eventStore: events, fields: { n: "integer" } });
  const mixins = [
    events.mixin(),
    things
      .on("thing.made")
      .create((event) => ({ id: event.id, n: event.version }))
      .mixin(),
  ];
  const broker = await startBroker([{ name: "thing", mixins }]);
  for (let n = 0; n < 20; n++) await append(broker);
  await caughtUp(broker, "things");
  return broker;
}

const append = (broker: ServiceBroker) =>
  broker.call("events.append", { stream: "thing-1", events: [{ type: "thing.made", payload: {} }] });

const expected = { type: "UNUSABLE_STORE", code: 500, retryable: false };

/** Waits until the call is refused; returns the error. */
const refusedSoon = (call: () => Promise<unknown>) => eventually(() => refusal(call));

const data = (name: string) => `${folder}/data/${name}`;

/** Changes of a log's files while a node has them open. */
const faults: Record<string, () => void> = {
  "all files were removed": () => rmSync(`${folder}/data`, { recursive: true }),
  "its file was removed": () => rmSync(data("events.db")),
  "its -wal was removed": () => rmSync(data("events.db-wal")),
  "its -shm was removed": () => rmSync(data("events.db-shm")),
  "its lock was removed": () => rmSync(data("events.db.lock")),
  "another file was put in its place": () => {
    copyFileSync(data("events.db"), `${folder}/copy.db`);
    renameSync(`${folder}/copy.db`, data("events.db"));
  },
  "another file was put in the place of its -wal": () => {
    writeFileSync(`${folder}/wal`, "");
    renameSync(`${folder}/wal`, data("events.db-wal"));
  },
  "its file was cut": () => truncateSync(data("events.db"), 4096),
  "its file was emptied": () => truncateSync(data("events.db"), 0),
  "its -wal was cut": () => truncateSync(data("events.db-wal"), 5000),
  "a foreign file was written over it": () => writeFileSync(data("events.db"), "a diary"),
  "a foreign file was written over its -wal": () => writeFileSync(data("events.db-wal"), "a diary".repeat(2000)),
  "the folder was moved away": () => renameSync(`${folder}/data`, `${folder}/old`),
};

describe("A log under a running host", () => {
  it.each(Object.entries(faults))("refuses everything when %s", async (_, fault) => {
    const broker = await host();
    fault();
    const error = await refusedSoon(() => append(broker));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain("expected the file that was opened there");
    expect(error.message).toContain("Stop this node");
    expect(await refusal(() => broker.call("events.read"))).toMatchObject(expected);
    expect(await refusal(() => broker.call("events.find"))).toMatchObject(expected);
    expect(await refusal(() => broker.call("events.verify"))).toMatchObject(expected);
    expect(await refusal(() => broker.call("events.backup", { to: "b.db" }))).toMatchObject(expected);
    expect(await broker.call("events.status")).toMatchObject({
      head: null,
      cause: expect.stringContaining("expected the file that was opened there"),
    });
    const things: { cause?: string } = await eventually(async () => {
      const status: { state: string; cause?: string } = await broker.call("things.status");
      if (status.state !== "waiting") throw new Error(status.state);
      return status;
    });
    expect(things.cause).toContain("expected the file that was opened there");
  });

  it("says so in its status also where nothing is appended", async () => {
    const broker = await host();
    rmSync(`${folder}/data`, { recursive: true });
    await eventually(async () => {
      expect(await broker.call("events.status")).toMatchObject({ head: null, cause: expect.any(String) });
    });
  });

  it("goes on when its files are put back", async () => {
    const broker = await host();
    renameSync(`${folder}/data`, `${folder}/old`);
    await refusedSoon(() => append(broker));
    renameSync(`${folder}/old`, `${folder}/data`);
    await eventually(() => append(broker));
    expect(await broker.call("events.verify")).toMatchObject({ ok: true });
  });

  it("leaves the files of the host alone that has its place by now", async () => {
    const broker = await host();
    rmSync(`${folder}/data`, { recursive: true });
    const other = await hostElsewhere("log", data("events.db"), 7);
    expect(other.said).toBe("hosted");
    await refusedSoon(() => append(broker));
    await broker.stop();
    expect(existsSync(data("events.db-wal"))).toBe(true);
    await other.kill();
    const log = new SqliteEventLog(data("events.db"));
    await log.open();
    expect(await log.head()).toBe(7);
    await log.close();
  });

  it("keeps a second host out whatever it does with its files", async () => {
    const broker = await host();
    await broker.call("events.backup", { to: "backup.db" });
    await broker.call("events.export", { to: "export.jsonl" });
    const { id } = await broker.call<{ id: string }>("things.snapshot");
    await broker.call("things.rebuild");
    await broker.call("things.replay", { snapshotId: id });
    await broker.call("events.verify");
    await broker.call("things.verify");
    await eventually(() => append(broker));
    for (const [kind, file] of [
      ["log", "events"],
      ["table", "things"],
    ] as const)
      expect((await hostElsewhere(kind, data(`${file}.db`))).said).toMatchObject({
        type: "UNUSABLE_STORE",
        message: expect.stringContaining("is hosted by another process"),
      });
  });
});

describe("A table under a running host", () => {
  const generation = () => `things/${readdirSync(`${folder}/data/things`).find((name) => /^\d+\.db$/.test(name))!}`;

  const tableFaults: Record<string, () => void> = {
    "its file was removed": () => rmSync(data(generation())),
    "its file was emptied": () => truncateSync(data(generation()), 0),
    "another file was put in its place": () => {
      copyFileSync(data(generation()), `${folder}/copy.db`);
      renameSync(`${folder}/copy.db`, data(generation()));
    },
    "its -wal was removed": () => rmSync(data(`${generation()}-wal`)),
    "its lock was removed": () => rmSync(data("things/live.db")),
  };

  it.each(Object.entries(tableFaults))("answers no rows and waits when %s", async (_, fault) => {
    const broker = await host();
    fault();
    const error = await refusedSoon(() => broker.call("things.find"));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain("Restart the node");
    await append(broker);
    await eventually(async () => {
      expect(await broker.call("things.status")).toMatchObject({ state: "waiting", cause: expect.any(String) });
    });
  });

  it("whose file was removed is folded again by a new start", async () => {
    const broker = await host();
    rmSync(data(generation()));
    await refusedSoon(() => broker.call("things.find"));
    await broker.stop();
    const again = await host();
    expect(await again.call("things.count")).toBe(40);
  });

  it("keeps its lock where its name ends with a number, like that of another table's generation", async () => {
    const tables = [`${folder}/x.7.db`, `${folder}/x.db`].map((file) => new SqliteReadTable(file));
    for (const table of tables) await table.open(new Map());
    expect((await hostElsewhere("table", `${folder}/x.7.db`)).said).toMatchObject({
      message: expect.stringContaining("is hosted by another process"),
    });
    for (const table of tables) await table.close();
  });
});
