import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { contentOf } from "../../core/log/speculative.ts";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { failingLog, type Fate } from "../support/failing-log.ts";
import { accountService } from "./decider-account.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

type Added = Record<string, unknown>;
type Log = ReturnType<typeof failingLog>;

/** A counter whose events have the schema `payload`, with the given `evolve`. */
function counter<State>(
  { adapter }: Log,
  initialState: () => State,
  added: (state: State, event: RecordedEvent<"added", Added>) => State,
  payload?: Record<string, unknown>,
) {
  const events = EventStore<{ added: Added }>("events", {
    adapter,
    ...(payload && { events: { added: { payload } } }),
  });
  const decider = Decider("counter", {
    eventStore: events,
    initialState,
    commands: {
      add: { params: { amount: "any" }, decide: (_, { amount }) => ({ type: "added", payload: { amount } }) },
    },
    evolve: { added },
  });
  return { name: "counter", mixins: [events.mixin(), decider.mixin()] };
}

const sum = (total: number, { payload: { amount, bonus = 0 } }: { payload: Added }) =>
  total + (amount as number) + (bonus as number);

const addAtOnce = (broker: ServiceBroker, times: number, amount: unknown = 1) =>
  Promise.allSettled(Array.from({ length: times }, () => broker.call("counter.add", { id: "1", amount })));

const stateOf = async (broker: ServiceBroker): Promise<unknown> =>
  (await broker.call<{ state: unknown }, object>("counter.state", { id: "1" })).state;

const log = (...fates: Fate[]) => failingLog(fates.values());

describe("Commands that come at once for one entity", () => {
  it("share commits, whatever was sent before them", async () => {
    const store = log();
    const broker = await startBroker([counter(store, () => 0, sum)]);
    expect((await addAtOnce(broker, 250)).every(({ status }) => status === "fulfilled")).toBe(true);
    expect(await stateOf(broker)).toBe(250);
    // At most a hundred of them are in flight.
    expect(store.commits()).toBeGreaterThanOrEqual(3);
    expect(store.commits()).toBeLessThanOrEqual(6);
    expect(store.stored.map(({ version }) => version)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
  });

  it("share them also if the caller names each", async () => {
    const store = log();
    const broker = await startBroker([counter(store, () => 0, sum)]);
    const add = (commandId: string) => broker.call("counter.add", { id: "1", amount: 1 }, { headers: { commandId } });
    await Promise.all(Array.from({ length: 60 }, (_, index) => add(`${index % 50}`)));
    expect(await stateOf(broker)).toBe(50);
    expect(store.commits()).toBeLessThan(30);
  });

  it.each<[string, (event: RecordedEvent) => unknown]>([
    ["time", ({ time }) => time],
    ["position", ({ position }) => position],
    ["id", ({ id }) => id],
    ["meta", ({ meta }) => meta.causationId],
  ])("wait for each commit where the state depends on the event's %s", async (_what, look) => {
    const store = log();
    const seen = (state: unknown[], event: RecordedEvent) => [...state, look(event)];
    const broker = await startBroker([counter(store, () => [] as unknown[], seen)]);
    await addAtOnce(broker, 20);
    expect(await stateOf(broker)).toEqual(store.stored.map(look));
    expect(store.commits()).toBe(20);
    await Promise.all(["2", "3"].map((id) => broker.call("counter.add", { id, amount: 1 })));
  });

  it("wait for each commit if JSON cannot represent the state", async () => {
    const store = log();
    const note = (state: Map<number, number>, { version }: RecordedEvent) => state.set(version, state.size);
    const broker = await startBroker([counter(store, () => new Map<number, number>(), note)]);
    await addAtOnce(broker, 20);
    expect(store.commits()).toBe(20);
    expect(await stateOf(broker)).toEqual(new Map(Array.from({ length: 20 }, (_, index) => [index + 1, index])));
  });

  it.each<[string, Record<string, unknown>, unknown, number]>([
    ["fills in what is missing", { amount: "number", bonus: { type: "number", default: 2 } }, 1, 3],
    ["converts", { amount: { type: "number", convert: true } }, "1", 1],
  ])("are decided on what is stored where the catalogue %s", async (_what, payload, amount, each) => {
    const store = log();
    const broker = await startBroker([counter(store, () => 0, sum, payload)]);
    expect((await addAtOnce(broker, 20, amount)).every(({ status }) => status === "fulfilled")).toBe(true);
    expect(await stateOf(broker)).toBe(20 * each);
    expect(store.stored).toHaveLength(20);
  });

  it("share commits if the catalogue changes nothing", async () => {
    const store = log();
    const broker = await startBroker([counter(store, () => 0, sum, { amount: "number" })]);
    await addAtOnce(broker, 20);
    expect(await stateOf(broker)).toBe(20);
    expect(store.commits()).toBeLessThan(5);
  });

  it("each reject if an outage affects all of them, and continue after it", async () => {
    const store = log("failed");
    const broker = await startBroker([counter(store, () => 0, sum)]);
    const outcomes = await addAtOnce(broker, 20);
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    expect(failed).toBeGreaterThan(0);
    expect(store.stored).toHaveLength(20 - failed);
    await addAtOnce(broker, 5);
    expect(await stateOf(broker)).toBe(25 - failed);
  });

  it("are not refused because of events that were never stored", async () => {
    const store = log("stored", "failed");
    const broker = await startBroker([accountService(store.adapter)]);
    await broker.call("account.deposit", { id: "1", amount: 1 });
    const [first, second] = await Promise.allSettled(
      [1, 2].map(() => broker.call("account.withdraw", { id: "1", amount: 1 })),
    );
    expect(first).toMatchObject({ status: "rejected", reason: { type: "STORE_UNAVAILABLE" } });
    expect(second!.status).toBe("fulfilled");
  });
});

describe("An append that was decided on another one", () => {
  const events = [{ type: "added", payload: { amount: 1 } }];
  const asSent = contentOf(events.map(({ type, payload }) => ({ type, payloadText: JSON.stringify(payload) })));
  const append = (broker: ServiceBroker, expectedVersion: number, id: string, after: string | null, content = asSent) =>
    broker.call(
      "$events.append",
      {
        stream: "a",
        events,
        expectedVersion,
        speculation: { id, dependsOn: after, content },
      },
      spoken,
    );
  const start = (...fates: Fate[]) => {
    const store = log(...fates);
    return startBroker([counter(store, () => 0, sum)]);
  };

  it("is stored behind it, in the same commit or a later one", async () => {
    const broker = await start();
    await Promise.all([append(broker, 0, "1", null), append(broker, 1, "2", "1")]);
    expect(await append(broker, 2, "3", "2")).toMatchObject({ version: 3 });
  });

  it("is refused if a concurrent event has the other append's version", async () => {
    const broker = await start();
    await broker.call("events.append", { stream: "a", events });
    const [first, second] = [append(broker, 0, "1", null), append(broker, 1, "2", "1")];
    expect(await refusal(() => first)).toMatchObject({ type: "VERSION_CONFLICT" });
    expect(await refusal(() => second)).toMatchObject({
      type: "SPECULATION_FAILED",
      code: 409,
      data: { why: "refused" },
    });
    expect(await refusal(() => append(broker, 1, "3", "2"))).toMatchObject({ data: { why: "refused" } });
  });

  it("is refused if the outcome of the other is unknown", async () => {
    const broker = await start("lost");
    await refusal(() => append(broker, 0, "1", null));
    expect(await refusal(() => append(broker, 1, "2", "1"))).toMatchObject({ data: { why: "refused" } });
    expect(await refusal(() => append(broker, 1, "3", "never seen"))).toMatchObject({ data: { why: "unknown" } });
  });

  it("is refused if the other was stored with other content", async () => {
    const broker = await start();
    await append(broker, 0, "1", null, "other");
    expect(await refusal(() => append(broker, 1, "2", "1"))).toMatchObject({ data: { why: "altered" } });
  });
});
