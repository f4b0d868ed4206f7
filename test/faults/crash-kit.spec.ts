import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { CrashKit, type CrashPoint } from "moleculer-event-sourcing/testing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { toAppendRequest } from "../../core/log/append-request.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { withShortTimes } from "../support/short-times.ts";
import { plainTallies, tallyServices } from "../testing/tally.ts";
import { commandOf, named } from "../support/command-of.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const points: CrashPoint[] = ["appended", "handed to the broker", "transformed", "rows written", "checkpoint written"];

async function readAll(broker: ServiceBroker): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page: RecordedEvent[] = await eventsIn(broker.call("events.read", { after: events.length, limit: 1000 }));
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** Expects the table to be the plain fold of the log, and every event to have been passed to the broker. */
async function expectWhole(broker: ServiceBroker, heard: readonly number[]): Promise<RecordedEvent[]> {
  await caughtUp(broker, "tallies");
  const events = await readAll(broker);
  expect(await broker.call("tallies.find", { sort: "id" })).toEqual(plainTallies(events));
  await eventually(() => expect([...new Set(heard)].toSorted((a, b) => a - b)).toEqual(events.map((e) => e.position)));
  return events;
}

describe.each(points)('A crash at "%s"', (point) => {
  it.each([1, 2, 5])("the %p. time loses and repeats nothing once the process is there again", async (after) => {
    const folder = newFolder();
    const crash = new CrashKit();
    const heard: number[] = [];
    const broker = await startBroker(tallyServices(folder, crash, heard));
    crash.at(point, { after });
    const crashed = { yet: false };
    void crash.happened.then(() => (crashed.yet = true));
    const sent: string[] = [];
    const refusals: unknown[] = [];
    for (let n = 1; !crashed.yet; n++) {
      sent.push(v7());
      await broker.call("tally.add", { n }, named(sent.at(-1))).catch((error: unknown) => refusals.push(error));
      // One at a time, so that each has its own commit and delivery.
      await eventually(() => {
        if (!crashed.yet && heard.length < n) throw new Error(`waiting for event ${n}`);
      });
    }
    for (const error of refusals) expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(await refusal(() => readAll(broker))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await broker.stop();

    crash.revive();
    const again = await startBroker(tallyServices(folder, crash, heard));
    for (const [index, id] of sent.entries()) await again.call("tally.add", { n: index + 1 }, named(id));
    const events = await expectWhole(again, heard);
    expect(events.map(commandOf)).toEqual(sent);
  });

  it("can be survived by the same broker", async () => {
    const crash = new CrashKit();
    const heard: number[] = [];
    const broker = await startBroker(tallyServices(newFolder(), crash, heard));
    crash.at(point);
    await broker.call("tally.add", { n: 1 }).catch(() => null);
    await crash.happened;
    await broker.stop();
    crash.revive();
    await broker.start();
    await broker.call("tally.add", { n: 2 });
    expect(await expectWhole(broker, heard)).toHaveLength(2);
  });

  it("can be a kill of the process", async () => {
    const folder = newFolder();
    const script = fileURLToPath(new URL("../testing/crash-process.ts", import.meta.url));
    const options = ["--conditions=moleculer-event-sourcing:source", withShortTimes, script, folder, point];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    const heard: number[] = [];
    const broker = await startBroker(tallyServices(folder, new CrashKit(), heard));
    await caughtUp(broker, "tallies");
    const events = await readAll(broker);
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(await broker.call("tallies.find", { sort: "id" })).toEqual(plainTallies(events));
  });
});

describe("A crashed adapter", () => {
  const fields = parseFields("table", { total: "integer" });
  const append = () => [
    toAppendRequest(
      { stream: "a", events: [{ type: "x", payload: 1 }] },
      { correlationId: "", causationId: "", maxEventBytes: 1000 },
    ),
  ];

  it("has stored at each point what the point says, and nothing later", async () => {
    for (const [point, rows] of [
      ["transformed", 0],
      ["rows written", 0],
      ["checkpoint written", 1],
    ] as const) {
      const crash = new CrashKit();
      const adapter = crash.adapter(sqlite(`${newFolder()}/x.db`));
      const table = adapter.readTable!("table");
      await table.open(fields);
      crash.at(point);
      const batch = await table.live().begin();
      const progress = { position: 1, folded: 1, positionId: null, reordered: false, log: null };
      const work = async () => {
        await batch.apply([{ operation: "create", id: "1", values: {} }]);
        await batch.commit(progress);
      };
      expect(await refusal(work)).toMatchObject({ type: "STORE_UNAVAILABLE" });
      expect(await refusal(() => table.live())).toMatchObject({ type: "STORE_UNAVAILABLE" });
      expect(await refusal(() => batch.commit(progress))).toMatchObject({ type: "STORE_UNAVAILABLE" });
      await batch.rollback();
      await table.close();
      crash.revive();
      await table.open(fields);
      expect(await table.live().rows.count({ where: null, sort: [], limit: null, offset: 0, search: null })).toBe(rows);
      expect((await table.live().progress()).position).toBe(rows);
      await table.close();
    }
  });

  it("writes nothing more, and rolls back the batches of every other table at once", async () => {
    const crash = new CrashKit();
    const real = sqlite(`${newFolder()}/x.db`);
    const inner = real.beside!("table").readTable!("table");
    const log = crash.adapter(real).eventLog!("events");
    const table = crash.adapter({ ...real, readTable: () => inner }).readTable!("table");
    await log.open();
    await table.open(fields);
    const batch = await table.live().begin();
    await batch.apply([{ operation: "create", id: "1", values: {} }]);
    crash.at("appended");
    await refusal(() => log.append(append()));
    expect(await refusal(() => batch.apply([]))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    for (const write of [() => log.append(append()), () => log.control.put("key", 1, 0)])
      expect(await refusal(write)).toMatchObject({ type: "STORE_UNAVAILABLE" });
    const next = await inner.live().begin();
    expect(await next.rows.findByIds(["1"])).toEqual([]);
    await next.rollback();

    await log.close();
    await table.close();
    await expect(log.open()).rejects.toThrow(/counts as killed/);
    crash.revive();
    await log.open();
    expect(await log.head()).toBe(1);
    expect(await log.control.get("key")).toBeNull();
    await log.close();
  });

  it("leaves no lease behind that would have to lapse", async () => {
    const crash = new CrashKit();
    const log = crash.adapter(memory()).eventLog!("events");
    await log.open();
    expect((await log.control.acquireLease("pump", "node/1", 60_000)).lease).not.toBeNull();
    expect(await log.control.acquireLease("pump", "node/2", 60_000)).toMatchObject({ current: { holder: "node/1" } });
    crash.at("appended");
    await refusal(() => log.append(append()));
    await log.close();
    crash.revive();
    await log.open();
    expect((await log.control.acquireLease("pump", "node/3", 60_000)).lease).toMatchObject({ holder: "node/3" });
    await log.close();
  });
});
