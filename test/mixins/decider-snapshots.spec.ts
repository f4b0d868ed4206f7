import { createHash } from "node:crypto";
import Database from "better-sqlite3";
import { Decider, EventStore, type RecordedEvent, type Upcaster } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { v7 } from "uuid";
import type { StateSnapshot } from "../../core/decider/rehydrate.ts";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";

afterEach(cleanUp);

interface Counter {
  map?: Map<number, number>;
  sum: number;
  large?: string;
}

interface Options {
  stateSnapshots?: { every: number; version?: number };
  isChanged?: boolean;
  initialState?: () => Counter;
  host?: boolean;
}

/** A counter that records which versions were folded; an event that is tried before it is stored has no id. */
function counterService(
  adapter: string,
  folded: number[],
  { stateSnapshots, isChanged, initialState, host = true }: Options = {},
): ServiceSchema {
  const events = EventStore("events", { adapter, host });
  const plain = (state: Counter, { id, version, payload }: RecordedEvent) => {
    if (id) folded.push(version);
    return { ...state, sum: state.sum + Number(payload["n"]) };
  };
  const changed = (state: Counter, { id, version, payload }: RecordedEvent) => {
    if (id) folded.push(version);
    return { ...state, sum: state.sum + 2 * Number(payload["n"]) };
  };
  const counter = Decider("counter", {
    eventStore: events,
    initialState: initialState ?? ((): Counter => ({ sum: 0 })),
    commands: {
      add: { params: { n: "number" }, decide: (_state, { n }) => ({ type: "counter.added", payload: { n } }) },
    },
    evolve: {
      "counter.added": isChanged ? changed : plain,
      "counter.grown": (state, { payload }) => ({ ...state, large: "x".repeat(Number(payload["size"])) }),
      "counter.mapped": () => ({ sum: 0, map: new Map([[1, 2]]) }),
    },
    ...(stateSnapshots && { stateSnapshots }),
  });
  return { name: "counter", mixins: [counter.mixin()] };
}

async function add(broker: ServiceBroker, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await broker.call("counter.add", { id: "1", n: 1 });
}

/** The events that a new node folds for one more command. */
async function foldedByAnother(adapter: string, options: Options): Promise<{ folded: number[]; state: unknown }> {
  const folded: number[] = [];
  const broker = await startBroker([counterService(adapter, folded, options)]);
  await add(broker, 1);
  const { state } = await broker.call<{ state: unknown }, object>("counter.state", { id: "1" });
  await broker.stop();
  return { folded, state };
}

async function withEvents(adapter: string, times: number, options: Options): Promise<void> {
  const broker = await startBroker([counterService(adapter, [], options)]);
  await add(broker, times);
  await broker.stop();
}

const newAdapter = () => `sqlite:${newFolder()}/events.db`;

/** Changes the stored text of the only snapshot, as a medium or an editor would. */
function changeSnapshot(adapter: string, change: (text: string) => string): void {
  const db = new Database(adapter.slice("sqlite:".length));
  const { key, value } = db.prepare("SELECT key, value FROM state WHERE key GLOB 'snapshot/*'").get() as {
    key: string;
    value: string;
  };
  expect(change(value)).not.toBe(value);
  db.prepare("UPDATE state SET value = ? WHERE key = ?").run(change(value), key);
  db.close();
}

/** Changes the snapshot and gives it a valid seal. */
function resealed(text: string, changes: object): string {
  const { checksum: _, ...snapshot } = JSON.parse(text) as StateSnapshot & { checksum: string };
  const changed = { ...snapshot, ...changes };
  return JSON.stringify({ ...changed, checksum: createHash("sha256").update(JSON.stringify(changed)).digest("hex") });
}

/** Like one that was saved before the log was restored from an older backup. */
const ofVersion9 = (text: string) => resealed(text, { version: 9, position: 9, eventId: v7(), state: { sum: 9 } });

describe("State snapshots", () => {
  it("are none where they are left out: all events are folded", async () => {
    const adapter = newAdapter();
    await withEvents(adapter, 4, {});
    expect(await foldedByAnother(adapter, {})).toEqual({ folded: [1, 2, 3, 4, 5], state: { sum: 5 } });
  });

  it("every 1: no event is folded twice", async () => {
    const adapter = newAdapter();
    const options = { stateSnapshots: { every: 1 } };
    await withEvents(adapter, 4, options);
    expect(await foldedByAnother(adapter, options)).toEqual({ folded: [5], state: { sum: 5 } });
    expect(await foldedByAnother(adapter, options)).toEqual({ folded: [6], state: { sum: 6 } });
  });

  it("every few: only the tail is folded", async () => {
    const adapter = newAdapter();
    const options = { stateSnapshots: { every: 3 } };
    await withEvents(adapter, 8, options);
    expect(await foldedByAnother(adapter, options)).toEqual({ folded: [7, 8, 9], state: { sum: 9 } });
  });

  it("count from the last one also where a command stores several events", async () => {
    const adapter = newAdapter();
    const broker = await startBroker([counterService(adapter, [], { stateSnapshots: { every: 3 } })]);
    await add(broker, 2);
    const events = Array.from({ length: 5 }, () => ({ type: "counter.added", payload: { n: 1 } }));
    await broker.call("events.append", { stream: "counter-1", events });
    await add(broker, 1);
    await broker.stop();
    expect(await foldedByAnother(adapter, { stateSnapshots: { every: 3 } })).toMatchObject({ folded: [9] });
  });

  it.each([
    ["a changed evolve", { stateSnapshots: { every: 1 } }, { stateSnapshots: { every: 1 }, isChanged: true }, 10],
    ["another version", { stateSnapshots: { every: 1, version: 1 } }, { stateSnapshots: { every: 1, version: 2 } }, 5],
  ])("of %s are passed by and replaced", async (_name, before: Options, after: Options, sum) => {
    const adapter = newAdapter();
    await withEvents(adapter, 4, before);
    expect(await foldedByAnother(adapter, after)).toEqual({ folded: [1, 2, 3, 4, 5], state: { sum } });
    expect((await foldedByAnother(adapter, after)).folded).toEqual([6]);
  });

  it("of the same version are used though evolve has changed", async () => {
    const adapter = newAdapter();
    await withEvents(adapter, 4, { stateSnapshots: { every: 1, version: 1 } });
    const after = { stateSnapshots: { every: 1, version: 1 }, isChanged: true };
    expect(await foldedByAnother(adapter, after)).toEqual({ folded: [5], state: { sum: 6 } });
  });

  it.each<[string, (text: string) => string]>([
    ["is no JSON any more", (text) => text.slice(0, -5)],
    ["is empty", () => ""],
    ["is another value", () => "null"],
    ["has another state", (text) => text.replace('"sum":4', '"sum":9')],
    ["is of a version that the log does not have", ofVersion9],
    ["has the format of a newer release", (text) => resealed(text, { $format: 2, state: { sum: 9 } })],
  ])("whose text %s are passed by and replaced", async (_, damage) => {
    const adapter = newAdapter();
    const options = { stateSnapshots: { every: 1 } };
    await withEvents(adapter, 4, options);
    changeSnapshot(adapter, damage);
    const broker = await startBroker([counterService(adapter, [], options)]);
    expect(await broker.call("counter.state", { id: "1" })).toMatchObject({ state: { sum: 4 }, version: 4 });
    await broker.stop();
    expect(await foldedByAnother(adapter, options)).toEqual({ folded: [1, 2, 3, 4, 5], state: { sum: 5 } });
    expect(await foldedByAnother(adapter, options)).toEqual({ folded: [6], state: { sum: 6 } });
  });

  it("are saved before the store ends, whichever of the two the service mixes in first", async () => {
    for (const isFirst of [true, false]) {
      const adapter = newAdapter();
      const options = { stateSnapshots: { every: 1 } };
      const { mixins = [], ...service } = counterService(adapter, [], options);
      const broker = await startBroker([{ ...service, mixins: isFirst ? mixins : mixins.toReversed() }]);
      await add(broker, 1);
      await broker.destroyService("counter");
      expect((await foldedByAnother(adapter, options)).folded).toEqual([2]);
    }
  });

  it("are not kept of a state that is no plain JSON, with one warning", async () => {
    const logger = new LogLines();
    const adapter = newAdapter();
    const options = { stateSnapshots: { every: 1 } };
    const broker = await startBroker([counterService(adapter, [], options)], { logger: [logger] as never });
    await broker.call("events.append", { stream: "counter-1", events: [{ type: "counter.mapped", payload: {} }] });
    await add(broker, 3);
    await broker.stop();
    expect(logger.of("warn", /not plain JSON/)).toHaveLength(1);
    // No event spreads the Map away, so the next node folds from the first one.
    expect(await foldedByAnother(adapter, options)).toMatchObject({ folded: [2, 3, 4, 5] });
  });

  it("are not kept of a state that is too large for a message, with one warning", async () => {
    const logger = new LogLines();
    const adapter = newAdapter();
    const options = { stateSnapshots: { every: 1 } };
    const broker = await startBroker([counterService(adapter, [], options)], { logger: [logger] as never });
    await broker.call("events.append", {
      stream: "counter-1",
      events: [{ type: "counter.grown", payload: { size: 600_000 } }],
    });
    await add(broker, 2);
    await broker.stop();
    expect(logger.of("warn", /too large/)).toHaveLength(1);
    expect(await foldedByAnother(adapter, options)).toMatchObject({ folded: [2, 3, 4] });
  });

  it("are not needed: a state is rebuilt by itself where the node that had it is gone", async () => {
    const nodes = { transporter: "Fake", namespace: "gone" } as const;
    const folded: number[] = [];
    const adapter = newAdapter();
    const events = EventStore("events", { adapter });
    const host = await startBroker([{ name: "host", mixins: [events.mixin()] }], nodes);
    const decider = (seen: number[]) => counterService(adapter, seen, { host: false });
    const one = await startBroker([decider([])], nodes);
    await one.waitForServices("events");
    await add(one, 3);
    await one.stop();
    const two = await startBroker([decider(folded)], nodes);
    await two.waitForServices("events");
    await add(two, 1);
    expect(folded).toEqual([1, 2, 3, 4]);
    expect(await host.call("events.count")).toBe(4);
  });
});

describe("Hot states", () => {
  it("are folded from what is new alone", async () => {
    const folded: number[] = [];
    const broker = await startBroker([counterService("memory:", folded)]);
    await add(broker, 3);
    await broker.call("events.append", { stream: "counter-1", events: [{ type: "counter.added", payload: { n: 1 } }] });
    await add(broker, 1);
    expect(folded).toEqual([1, 2, 3, 4, 5]);
  });

  it("are at most 1,000: the longest unused is loaded again", async () => {
    const folded: number[] = [];
    const broker = await startBroker([counterService("memory:", folded)]);
    for (let id = 1; id <= 1001; id++) await broker.call("counter.add", { id: String(id), n: 1 });
    folded.length = 0;
    await broker.call("counter.add", { id: "1001", n: 1 });
    expect(folded).toEqual([2]);
    await broker.call("counter.add", { id: "1", n: 1 });
    expect(folded).toEqual([2, 1, 2]);
  });

  it.each([
    ["without a version", {}],
    ["with the same version", { version: 1 }],
  ])(
    "are of today's schema versions, %s: after a change they are ignored, and claims are folded again",
    async (_, of) => {
      const adapter = `sqlite:${newFolder()}/events.db`;
      const service = (upcasters: Record<number, Upcaster>) => {
        const events = EventStore("events", {
          adapter,
          events: { "thing.added": { schemaVersion: Object.keys(upcasters).length + 1, upcasters } },
        });
        const things = Decider("thing", {
          eventStore: events,
          initialState: () => 0,
          commands: {
            add: { params: { n: "number" }, decide: (_, { n }) => ({ type: "thing.added", payload: { n } }) },
          },
          evolve: { "thing.added": (sum, { payload }) => sum + (payload as { n: number }).n },
          claims: { n: { claim: { "thing.added": ({ payload }) => (payload as { n: number }).n }, ...of } },
          stateSnapshots: { every: 1, ...of },
        });
        return { name: "thing", mixins: [events.mixin(), things.mixin()] };
      };
      const one = await startBroker([service({})]);
      await one.call("thing.add", { id: "1", n: 5 });
      await one.stop();
      const two = await startBroker([service({ 1: ({ n }) => ({ n: Number(n) * 100 }) })]);
      expect(await two.call("thing.state", { id: "1" })).toMatchObject({ state: 500 });
      expect(await refusal(() => two.call("thing.add", { id: "2", n: 500 }))).toMatchObject({
        type: "DUPLICATE_CLAIM",
      });
    },
  );
});
