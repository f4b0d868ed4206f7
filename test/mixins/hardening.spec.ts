import { rmSync } from "node:fs";
import Database from "better-sqlite3";
import type { ServiceBroker } from "moleculer";
import { Aggregate, EventStore, type AggregateStatus, type ParkedEvent } from "moleculer-event-sourcing";
import { changeHistory } from "../support/change-history.ts";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

type Numbered = { "n.happened": { n: number }; "other.happened": { n: number } };

const state: { fault: unknown; held: Promise<void> | null } = { fault: null, held: null };

beforeEach(() => {
  state.fault = state.held = null;
});

/** A table of the received numbers: one row with all, in order, and one row for each. */
function startOn(folder: string): Promise<ServiceBroker> {
  const events = EventStore<Numbered>("events", { adapter: `sqlite:${folder}/events.db` });
  const table = Aggregate("table", {
    eventStore: events,
    onError: { retries: 0, delayMs: 1 },
    fields: { order: "array" },
  })
    .on("n.happened")
    .update(async ({ payload }, { get }) => {
      await state.held;
      if (state.fault !== null) throw state.fault;
      return { id: "all", order: [...((await get("all"))?.order ?? []), payload.n] };
    });
  return startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
}

const append = (broker: ServiceBroker, stream: string, n: number, type = "n.happened") =>
  broker.call("events.append", { stream, events: [{ type, payload: { n } }] });
const status = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("table.status");
const parked = (broker: ServiceBroker): Promise<ParkedEvent[]> => eventsIn(broker.call("table.parked"));
async function order(broker: ServiceBroker): Promise<unknown> {
  const row: { order: unknown } = await broker.call("table.get", { id: "all" });
  return row.order;
}

describe("A transform that throws what has no text", () => {
  it("has its event parked like any other", async () => {
    const broker = await startOn(newFolder());
    const circular: Record<string, unknown> = { status: 500 };
    circular["self"] = circular;
    state.fault = circular;
    await append(broker, "a", 1);
    await caughtUp(broker, "table");
    state.fault = null;
    await append(broker, "b", 2);
    await caughtUp(broker, "table");
    expect(await order(broker)).toEqual([2]);
    expect((await parked(broker))[0]?.error?.message).toContain("status: 500");
  });
});

describe("A pause that is taken back before nothing is in flight", () => {
  it("answers all the same", async () => {
    const broker = await startOn(newFolder());
    const { promise, resolve } = Promise.withResolvers<void>();
    state.held = promise;
    await append(broker, "a", 1);
    const paused = broker.call("table.pause");
    await eventually(async () => expect((await status(broker)).paused).toBe(true));
    await broker.call("table.resume");
    await paused;
    resolve();
    await caughtUp(broker, "table");
    expect(await order(broker)).toEqual([1]);
  });
});

describe("Parked streams that are retried in another order than the log's", () => {
  it("make the table reordered", async () => {
    const broker = await startOn(newFolder());
    state.fault = new Error("poison");
    await append(broker, "a", 1);
    await append(broker, "b", 2);
    await caughtUp(broker, "table");
    state.fault = null;
    await broker.call("table.retry", { stream: "b" });
    expect((await status(broker)).reordered).toBe(false);
    await broker.call("table.retry", { stream: "a" });
    expect(await order(broker)).toEqual([2, 1]);
    expect((await status(broker)).reordered).toBe(true);
  });
});

describe("A log that was set back behind events that are not mapped, and has grown again", () => {
  it("stops the table", async () => {
    const folder = newFolder();
    const one = await startOn(folder);
    await append(one, "a", 1);
    for (const n of [2, 3]) await append(one, "a", n, "other.happened");
    await caughtUp(one, "table");
    await one.stop();

    const file = new Database(`${folder}/events.db`);
    changeHistory(file, "DELETE FROM events WHERE position > 1");
    file.close();
    // Otherwise the head recorded by the last host would refuse the log.
    rmSync(`${folder}/events.db.head`);
    const filler = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const between = await startBroker([{ name: "filler", mixins: [filler.mixin()] }]);
    for (const n of [4, 5, 6]) await append(between, "b", n);
    await between.stop();

    const two = await startOn(folder);
    await eventually(async () => expect(await status(two)).toMatchObject({ state: "stopped", position: 3 }));
    expect(await order(two)).toEqual([1]);
  });
});
