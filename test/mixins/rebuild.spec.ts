import { readFileSync, writeFileSync } from "node:fs";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, EventStore } from "../../index.ts";
import type { FieldsInput, Row } from "../../core/rows/fields.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { AggregateStatus } from "../../mixins/aggregate/host.ts";
import type { AggregateOptions } from "../../mixins/aggregate/options.ts";
import type { TransformFunction } from "../../mixins/aggregate/fold/transform.ts";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { LogLines } from "./log-lines.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const engines = { SQLite: (folder: string) => `sqlite:${folder}/events.db`, memory: () => "memory:" };

interface Definition extends Partial<Pick<AggregateOptions<never, FieldsInput>, "definitionVersion" | "onChange">> {
  fields?: FieldsInput;
  transform?: TransformFunction | string;
}

/** Counts the events of each stream. */
const counting: TransformFunction = async ({ stream }, { get }) => ({
  id: stream,
  n: (((await get(stream)) as { n: number } | null)?.n ?? 0) + 1,
});

function thing(adapter: string, { fields = { n: "integer" }, transform = counting, ...more }: Definition = {}) {
  const events = EventStore("events", { adapter });
  const table = Aggregate("table", { eventStore: events, fields, onError: { retries: 0 }, ...more })
    .on("thing.**")
    .update(transform as (event: RecordedEvent) => never);
  const schema: ServiceSchema = { name: "thing", mixins: [events.mixin(), table.mixin()] };
  return schema;
}

/** Appends a stream's events, at most 2,000 per call. */
async function append(broker: ServiceBroker, count: number, stream = "thing-1", payload: object = {}): Promise<void> {
  const event = { type: "thing.happened", payload };
  for (let left = count; left > 0; left -= 2000)
    await broker.call("events.append", { stream, events: Array.from({ length: Math.min(left, 2000) }, () => event) });
}

/** More than are folded without a pause: calls in the meantime are handled before the end. */
const many = 3000;
const rowsOf = (broker: ServiceBroker): Promise<Row[]> => broker.call("table.find");
const statusOf = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("table.status");

/** Waits until a rebuild's turn that started before this moment is over. */
const past = (moment: number) =>
  eventually(() => {
    if (performance.now() < moment) throw new Error("not yet");
  });

/** A transform that waits at a position of the log until it is released. */
function held(at: number) {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let isArmed = false;
  const transform: TransformFunction = async (event, view) => {
    if (isArmed && event.position === at) {
      reached.resolve();
      await gate.promise;
    }
    return counting(event, view);
  };
  return { transform, arm: () => (isArmed = true), reached: reached.promise, release: () => gate.resolve() };
}

describe.each(Object.entries(engines))("A rebuild on %s", (_engine, adapterIn) => {
  it("folds the log again, with today's transform, and takes the table's place", async () => {
    const state = { factor: 1 };
    const transform: TransformFunction = ({ stream, version }) => ({ id: stream, n: version * state.factor });
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 3);
    await append(broker, 2, "thing-2");
    await caughtUp(broker, "table");
    state.factor = 10;
    expect(await rowsOf(broker)).toMatchObject([{ n: 3 }, { n: 2 }]);
    expect(await broker.call("table.rebuild")).toEqual({ requestId: expect.any(String), kind: "rebuild", position: 5 });
    expect(await rowsOf(broker)).toMatchObject([{ n: 30 }, { n: 20 }]);
    await append(broker, 1);
    await caughtUp(broker, "table");
    expect(await rowsOf(broker)).toMatchObject([{ n: 40 }, { n: 20 }]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", rebuilding: null, position: 6 });
    expect(await refusal(() => broker.call("table.replay"))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "snapshotId" }],
      message: expect.stringContaining("`rebuild` folds the whole log"),
    });
  });

  it("lets the live table answer and go on meanwhile", async () => {
    const { transform, arm, reached, release } = held(2);
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 4);
    await caughtUp(broker, "table");
    arm();
    const rebuilt = broker.call("table.rebuild");
    await reached;
    expect(await rowsOf(broker)).toMatchObject([{ n: 4 }]);
    expect(await statusOf(broker)).toMatchObject({ rebuilding: { total: 4 }, stale: false });
    release();
    await append(broker, 3);
    await rebuilt;
    await caughtUp(broker, "table");
    expect(await rowsOf(broker)).toMatchObject([{ n: 7 }]);
  });

  it("reports its progress on the broker, and its result at the end", async () => {
    const broker = await startBroker([thing(adapterIn(newFolder()))]);
    const told: { ended?: boolean }[] = [];
    broker.createService({
      name: "desk",
      events: { "$table.progress": (ctx: Context<object>) => void told.push(ctx.params) },
    });
    await broker.waitForServices("desk");
    await append(broker, many);
    await caughtUp(broker, "table");
    await broker.call("table.rebuild");
    await eventually(() => expect(told.at(-1)).toMatchObject({ ended: true }));
    expect(told.at(-1)).toEqual({
      node: broker.nodeID,
      job: "rebuild",
      done: many,
      total: many,
      rate: expect.any(Number) as number,
      secondsLeft: 0,
      ended: true,
    });
    expect(told.slice(0, -1).every(({ ended }) => ended === undefined)).toBe(true);
  });

  it("is waited for also where the table is busy with what came before the order", async () => {
    const { transform, arm, reached, release } = held(3);
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 2);
    await broker.call("table.rebuild");
    arm();
    await append(broker, 1);
    await reached;
    const job: { requestId: string } = await broker.call("table.rebuild", { wait: false });
    const built = broker.call("$table.built", { requestId: job.requestId }, spoken);
    await new Promise((turn) => setImmediate(turn));
    release();
    expect(await built).toBe(3);
  });

  it("never puts the table back behind what it has answered", async () => {
    const { transform, arm, reached, release } = held(2);
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 4);
    await caughtUp(broker, "table");
    arm();
    const rebuilt = broker.call("table.rebuild");
    await reached;
    const since = performance.now();
    await append(broker, 3);
    // Its turn is over; the live table has the next one.
    await past(since + 60);
    release();
    expect(await rebuilt).toMatchObject({ position: 7 });
    expect(await rowsOf(broker)).toMatchObject([{ n: 7 }]);
  });

  it("folds each event once, also where an outage comes in the middle of a page's rest", async () => {
    const state = { isRebuilding: false, isAway: false };
    const transform: TransformFunction = async (event, view) => {
      const since = performance.now();
      // Its turn is over: the rest of the page comes next.
      if (state.isRebuilding && event.position === 2) await past(since + 60);
      if (state.isAway && event.position === 5) {
        state.isAway = false;
        throw Object.assign(new Error("away"), { retryable: true });
      }
      return counting(event, view);
    };
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 6);
    await caughtUp(broker, "table");
    state.isRebuilding = state.isAway = true;
    await broker.call("table.rebuild");
    expect(state.isAway).toBe(false);
    expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]);
  });

  it("does not take back what was folded late or given up in the meantime", async () => {
    const { transform: holding, arm, reached, release } = held(6);
    const state = { isBroken: true };
    const transform: TransformFunction = (event, view) => {
      const { bad } = event.payload as { bad?: string };
      if (bad === "always" || (bad && state.isBroken)) throw new Error("not today");
      return holding(event, view);
    };
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 1, "thing-1", { bad: "once" });
    await append(broker, 1, "thing-1");
    await append(broker, 1, "thing-2", { bad: "always" });
    await append(broker, 1, "thing-2");
    await append(broker, 2, "thing-3");
    await caughtUp(broker, "table");
    const parked: { id: string; stream: string }[] = await eventsIn(broker.call("table.parked"));
    arm();
    const rebuilt = broker.call("table.rebuild");
    await reached;
    state.isBroken = false;
    const retried = broker.call("table.retry", { stream: "thing-1" });
    release();
    expect(await retried).toMatchObject({ folded: 2 });
    await broker.call("table.skip", { id: parked.find(({ stream }) => stream === "thing-2")!.id });
    await rebuilt;
    expect(await eventsIn(broker.call("table.parked"))).toEqual([]);
    expect(await rowsOf(broker)).toMatchObject([{ n: 2 }, { n: 1 }, { n: 2 }]);
  });

  it("is refused while another runs, and is ended by cancel with the live table as it was", async () => {
    const { transform, arm, reached, release } = held(2);
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, many);
    await caughtUp(broker, "table");
    arm();
    const job: { requestId: string } = await broker.call("table.rebuild", { wait: false });
    expect(job).toEqual({ requestId: expect.any(String), kind: "rebuild" });
    const awaited = refusal(() => broker.call("$table.built", { requestId: job.requestId }, spoken));
    await reached;
    expect(await refusal(() => broker.call("table.rebuild"))).toMatchObject({
      type: "REBUILD_RUNNING",
      code: 409,
      data: { requestId: job.requestId, kind: "rebuild" },
    });
    const cancelled = broker.call("table.cancel");
    release();
    expect(await cancelled).toEqual({ cancelled: job.requestId });
    expect(await awaited).toMatchObject({ type: "REBUILD_FAILED", code: 409, message: /it was cancelled/ });
    expect(await statusOf(broker)).toMatchObject({ rebuilding: null });
    expect(await rowsOf(broker)).toMatchObject([{ n: many }]);
    expect(await broker.call("table.cancel")).toEqual({ cancelled: null });
    await broker.call("table.rebuild");
    expect(await rowsOf(broker)).toMatchObject([{ n: many }]);
  });

  it("of two that are asked for at once, one is refused", async () => {
    const broker = await startBroker([thing(adapterIn(newFolder()))]);
    await append(broker, 4);
    await caughtUp(broker, "table");
    const asked = await Promise.allSettled([1, 2, 3].map(() => broker.call("table.rebuild")));
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = asked.flatMap((one) => (one.status === "rejected" ? [one.reason as { type: string }] : []));
    expect(refused.map(({ type }) => type)).toEqual(["REBUILD_RUNNING", "REBUILD_RUNNING"]);
  });

  it("of a paused table keeps it paused where it is", async () => {
    const broker = await startBroker([thing(adapterIn(newFolder()))]);
    await append(broker, 4);
    await caughtUp(broker, "table");
    await broker.call("table.pause");
    await append(broker, 2);
    expect(await broker.call("table.rebuild")).toMatchObject({ position: 4 });
    expect(await statusOf(broker)).toMatchObject({ state: "paused", position: 4 });
    expect(await rowsOf(broker)).toMatchObject([{ n: 4 }]);
    await broker.call("table.resume");
    await caughtUp(broker, "table");
    expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]);
  });

  it("tries parked events again, and obeys what was skipped", async () => {
    const state = { isBroken: true };
    const transform: TransformFunction = (event, view) => {
      if (state.isBroken && (event.payload as { bad?: boolean }).bad) throw new Error("not today");
      return counting(event, view);
    };
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    await append(broker, 1, "thing-1", { bad: true });
    await append(broker, 1, "thing-1");
    await append(broker, 1, "thing-2", { bad: true });
    await append(broker, 1, "thing-3");
    await caughtUp(broker, "table");
    const parked: { id: string; stream: string }[] = await eventsIn(broker.call("table.parked"));
    expect(parked).toHaveLength(3);
    await broker.call("table.skip", { id: parked.find(({ stream }) => stream === "thing-2")!.id, reason: "a test" });
    state.isBroken = false;
    await broker.call("table.retry");
    expect(await statusOf(broker)).toMatchObject({ reordered: true, parked: 0 });
    await broker.call("table.rebuild");
    expect(await statusOf(broker)).toMatchObject({ reordered: false, parked: 0 });
    expect(await rowsOf(broker)).toMatchObject([
      { id: "thing-1", n: 2 },
      { id: "thing-3", n: 1 },
    ]);
  });

  it("that nothing can be folded into ends with the last error, and the live table stays", async () => {
    const state = { isBroken: false };
    const transform: TransformFunction = (event, view) => {
      if (state.isBroken) throw new Error("a fault of today");
      return counting(event, view);
    };
    const broker = await startBroker([thing(adapterIn(newFolder()), { transform })]);
    for (let number = 1; number <= 25; number++) await append(broker, 1, `thing-${number}`);
    await caughtUp(broker, "table");
    state.isBroken = true;
    expect(await refusal(() => broker.call("table.rebuild"))).toMatchObject({
      type: "REBUILD_FAILED",
      message: /the last: a fault of today/,
    });
    expect(await rowsOf(broker)).toHaveLength(25);
    expect(await statusOf(broker)).toMatchObject({ state: "live", parked: 0, rebuilding: null });
    state.isBroken = false;
    await broker.call("table.rebuild");
    expect(await rowsOf(broker)).toHaveLength(25);
  });

  it.each(["table.restore", "table.replay", "table.rebuild"])("%s refuses unknown params", async (action) => {
    const broker = await startBroker([thing(adapterIn(newFolder()))]);
    expect(await refusal(() => broker.call(action, { snapshotID: "x" }))).toMatchObject({ type: "VALIDATION_ERROR" });
  });
});

describe("A start with another definition", () => {
  const doubled: TransformFunction = ({ stream, version }) => ({ id: stream, n: version * 2 });
  const single: TransformFunction = ({ stream, version }) => ({ id: stream, n: version });

  async function folderWith(transform: TransformFunction | string, more: Definition = {}): Promise<string> {
    const adapter = engines.SQLite(newFolder());
    const broker = await startBroker([thing(adapter, { transform, ...more })]);
    await append(broker, 3);
    await caughtUp(broker, "table");
    await broker.stop();
    return adapter;
  }

  it("rebuilds where a function's source has changed", async () => {
    const adapter = await folderWith(single);
    const broker = await startBroker([thing(adapter, { transform: doubled })]);
    await eventually(async () => expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]));
    expect(await statusOf(broker)).toMatchObject({ stale: false });
  });

  it("rebuilds where the version has changed, and only then where there is one", async () => {
    const adapter = await folderWith(single, { definitionVersion: 1 });
    const warned = new LogLines();
    const forgotten = thing(adapter, { transform: doubled, definitionVersion: 1 });
    const same = await startBroker([forgotten], { logger: warned });
    await caughtUp(same, "table");
    expect(await rowsOf(same)).toMatchObject([{ n: 3 }]);
    expect(warned.of("warn", /source of its transforms.*raise it/)).toHaveLength(1);
    await same.stop();
    const silent = new LogLines();
    const broker = await startBroker([thing(adapter, { transform: doubled, definitionVersion: 2 })], {
      logger: silent,
    });
    await eventually(async () => expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]));
    expect(silent.of("warn", /source/)).toEqual([]);
  });

  it("only warns with onChange warn, until a rebuild", async () => {
    const adapter = await folderWith(single);
    const broker = await startBroker([thing(adapter, { transform: doubled, onChange: "warn" })]);
    await caughtUp(broker, "table");
    expect(await rowsOf(broker)).toMatchObject([{ n: 3 }]);
    expect(await statusOf(broker)).toMatchObject({ stale: true, state: "live", rebuilding: null });
    await broker.call("table.rebuild");
    expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]);
    expect(await statusOf(broker)).toMatchObject({ stale: false });
    await broker.stop();
    const again = await startBroker([thing(adapter, { transform: doubled, onChange: "refuse" })]);
    expect(await statusOf(again)).toMatchObject({ stale: false });
  });

  it("notices rows of two definitions, also when the first one comes back", async () => {
    const adapter = await folderWith(single);
    const other = await startBroker([thing(adapter, { transform: doubled, onChange: "warn" })]);
    await append(other, 1, "thing-2");
    await caughtUp(other, "table");
    expect(await rowsOf(other)).toMatchObject([{ n: 3 }, { n: 2 }]);
    await other.stop();
    const back = await startBroker([thing(adapter, { transform: single, onChange: "warn" })]);
    expect(await statusOf(back)).toMatchObject({ stale: true });
    await back.call("table.rebuild");
    expect(await rowsOf(back)).toMatchObject([{ n: 3 }, { n: 1 }]);
    expect(await statusOf(back)).toMatchObject({ stale: false });
  });

  it("does not take a table for mixed in which nothing was folded by the other definition", async () => {
    const adapter = await folderWith(single);
    const other = await startBroker([thing(adapter, { transform: doubled, onChange: "warn" })]);
    await caughtUp(other, "table");
    await other.stop();
    const back = await startBroker([thing(adapter, { transform: single, onChange: "warn" })]);
    expect(await statusOf(back)).toMatchObject({ stale: false });
  });

  it("stops with other fields and onChange warn, until a rebuild", async () => {
    const adapter = await folderWith(single);
    const fields: FieldsInput = { n: "integer", name: "string" };
    const broker = await startBroker([thing(adapter, { fields, onChange: "warn" })]);
    await append(broker, 1);
    await eventually(async () =>
      expect(await statusOf(broker)).toMatchObject({
        state: "stopped",
        stale: true,
        cause: /fields\.name/,
        position: 3,
      }),
    );
    expect(await rowsOf(broker)).toEqual([{ id: "thing-1", n: 3 }]);
    expect(await broker.call("table.rebuild")).toMatchObject({ position: 4 });
    expect(await rowsOf(broker)).toEqual([{ id: "thing-1", n: 4, name: null }]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", stale: false, cause: null });
  });

  it("is followed by order while the table is paused, which it stays", async () => {
    const adapter = await folderWith(single, { definitionVersion: 1 });
    const paused = await startBroker([thing(adapter, { transform: single, definitionVersion: 1 })]);
    await paused.call("table.pause");
    await paused.stop();
    const broker = await startBroker([thing(adapter, { transform: doubled, definitionVersion: 2 })]);
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "paused", stale: true }));
    expect(await rowsOf(broker)).toMatchObject([{ n: 3 }]);
    expect(await broker.call("table.rebuild")).toMatchObject({ position: 3 });
    expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]);
    expect(await statusOf(broker)).toMatchObject({ state: "paused", stale: false });
  });

  it("is refused with onChange refuse, saying what has changed", async () => {
    const adapter = await folderWith(single);
    const refused = newBroker();
    refused.createService(thing(adapter, { transform: doubled, onChange: "refuse" }));
    const error = await refusal(() => refused.start());
    await refused.stop();
    expect(error).toMatchObject({ type: "UNUSABLE_STORE", message: /on\.thing\.\*\*/ });
    const broker = await startBroker([thing(adapter, { transform: single })]);
    expect(await rowsOf(broker)).toMatchObject([{ n: 3 }]);
  });

  it("builds the same new table in production", async () => {
    const adapter = await folderWith(single);
    const { NODE_ENV } = process.env;
    process.env["NODE_ENV"] = "production";
    try {
      const broker = await startBroker([thing(adapter, { transform: doubled })]);
      await eventually(async () => expect(await statusOf(broker)).toMatchObject({ stale: false, state: "live" }));
      expect(await rowsOf(broker)).toMatchObject([{ n: 6 }]);
    } finally {
      process.env["NODE_ENV"] = NODE_ENV;
    }
  });

  it.each([
    [{ onChange: "later" as "warn" }, "table.onChange"],
    [{ definitionVersion: {} as string }, "table.definitionVersion"],
  ])("refuses %p", (definition, field) => {
    expect(() => thing("memory:", definition)).toThrow(field);
  });
});

describe("An order to rebuild", () => {
  it("is followed after a restart in the middle, once", async () => {
    const adapter = engines.SQLite(newFolder());
    const { transform, arm, reached, release } = held(2);
    const one = await startBroker([thing(adapter, { transform, definitionVersion: 1 })]);
    await append(one, many);
    await caughtUp(one, "table");
    arm();
    const answer = refusal(() => one.call("table.rebuild"));
    await reached;
    const stopped = one.stop();
    await eventually(() => expect(one.stopping).toBe(true));
    release();
    await stopped;
    expect(await answer).toMatchObject({ retryable: true });

    const positions: number[] = [];
    const noting: TransformFunction = (event, view) => {
      positions.push(event.position);
      return counting(event, view);
    };
    const two = await startBroker([thing(adapter, { transform: noting, definitionVersion: 1 })]);
    const all = Array.from({ length: many }, (_, index) => index + 1);
    await eventually(() => expect(positions).toEqual(all));
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ rebuilding: null, state: "live" }));
    expect(await rowsOf(two)).toMatchObject([{ n: many }]);
    await two.stop();
    const three = await startBroker([thing(adapter, { transform: noting, definitionVersion: 1 })]);
    await append(three, 1);
    await caughtUp(three, "table");
    expect(positions).toEqual([...all, many + 1]);
  });

  it("ends when the store is back where it has failed while that was away", async () => {
    const folder = newFolder();
    const { transform, arm, reached, release } = held(1);
    const fail: TransformFunction = async (event, view) => {
      const row = await transform(event, view);
      if (state.isBroken) throw new Error("a fault of today");
      return row;
    };
    const state = { isBroken: false };
    const onNode = (nodeID: string, services: ServiceSchema[]) =>
      startBroker(services, { nodeID, namespace: "away", transporter: "Fake" });
    const store = () => ({
      name: "keeper",
      mixins: [EventStore("events", { adapter: engines.SQLite(folder) }).mixin()],
    });
    const events = EventStore("events", { adapter: engines.SQLite(folder), host: false });
    const table = Aggregate("table", {
      eventStore: events,
      fields: { n: "integer" },
      onError: { retries: 0, maxParkedInARow: 1 },
    })
      .on("thing.**")
      .update(fail as (event: RecordedEvent) => never);
    const one = await onNode("store", [store()]);
    const two = await onNode("table", [{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
    await append(one, 1);
    await caughtUp(two, "table");
    arm();
    state.isBroken = true;
    const job: { requestId: string } = await two.call("table.rebuild", { wait: false });
    const failed = refusal(() => two.call("$table.built", { requestId: job.requestId }, spoken));
    await reached;
    await one.stop();
    release();
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ state: "waiting", rebuilding: null }));
    await onNode("store again", [store()]);
    expect(await failed).toMatchObject({ type: "REBUILD_FAILED", message: /a fault of today/ });
    await eventually(async () => expect(await two.call("$table.building", {}, spoken)).toBeNull());
    state.isBroken = false;
    await two.call("table.rebuild");
    expect(await rowsOf(two)).toMatchObject([{ n: 1 }]);
  });

  it("heals a table whose file is damaged", async () => {
    const folder = newFolder();
    const adapter = engines.SQLite(folder);
    const one = await startBroker([thing(adapter)]);
    for (let number = 1; number <= 300; number++) await append(one, 1, `thing-${number}`);
    await caughtUp(one, "table");
    await one.stop();
    const file = `${folder}/table/1.db`;
    const bytes = readFileSync(file);
    // A page of rows; the pages that the table needs for its start are intact.
    const page = Math.floor(bytes.indexOf("thing-150") / 4096);
    expect(page).toBeGreaterThan(1);
    bytes.fill(0xff, page * 4096, (page + 1) * 4096);
    writeFileSync(file, bytes);
    const two = await startBroker([thing(adapter)]);
    for (let number = 1; number <= 300; number++) await append(two, 1, `thing-${number}`);
    await eventually(async () =>
      expect(await statusOf(two)).toMatchObject({ state: "waiting", cause: expect.stringContaining("damaged") }),
    );
    expect(await two.call("table.rebuild")).toMatchObject({ position: 600 });
    expect(await rowsOf(two)).toHaveLength(300);
    expect(await statusOf(two)).toMatchObject({ state: "live", cause: null });
  });

  it("heals a table that was folded from another log", async () => {
    const [here, there] = [newFolder(), newFolder()];
    const table = `sqlite:${here}/table.db`;
    const define = (log: string): ServiceSchema => {
      const events = EventStore("events", { adapter: `sqlite:${log}/events.db` });
      const aggregate = Aggregate("table", { eventStore: events, fields: { n: "integer" }, adapter: table })
        .on("thing.**")
        .update(counting as (event: RecordedEvent) => never);
      return { name: "thing", mixins: [events.mixin(), aggregate.mixin()] };
    };
    const one = await startBroker([define(here)]);
    await append(one, 5);
    await caughtUp(one, "table");
    await one.stop();
    const two = await startBroker([define(there)]);
    await append(two, 2);
    await eventually(async () => expect(await statusOf(two)).toMatchObject({ state: "stopped" }));
    expect(await two.call("table.rebuild")).toMatchObject({ position: 2 });
    expect(await rowsOf(two)).toMatchObject([{ n: 2 }]);
    expect(await statusOf(two)).toMatchObject({ state: "live", cause: null });
  });
});
