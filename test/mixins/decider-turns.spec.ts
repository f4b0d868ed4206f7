import { Decider, EventStore, type StoredAnswer } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { leastGap, threadMs } from "../support/longest-gap.ts";

afterEach(cleanUp);

interface State {
  sum: number;
  count: number;
}

const events = 20_000;

/** A counter with a slow `evolve`, like one with a large state. */
function counters(adapter: string, evolveMs = 0): ServiceSchema {
  const store = EventStore("events", { adapter });
  const counter = Decider("counter", {
    eventStore: store,
    stream: (id) => `counter-${id}`,
    initialState: (): State => ({ sum: 0, count: 0 }),
    commands: {
      add: { params: { by: "number" }, decide: (_, { by }) => ({ type: "counter.added", payload: { by } }) },
      addOnce: {
        params: { at: "number" },
        decide: ({ count }, { at }) => (count === at ? { type: "counter.added", payload: { by: 1 } } : []),
      },
    },
    evolve: {
      "counter.added": ({ sum, count }, { payload }) => {
        for (const end = performance.now() + evolveMs; performance.now() < end;);
        return { sum: sum + (payload as { by: number }).by, count: count + 1 };
      },
    },
  });
  return { name: "counters", mixins: [store.mixin(), counter.mixin()] };
}

async function withEvents(adapter: string, count: number, evolveMs?: number): Promise<ServiceBroker> {
  const broker = await startBroker([counters(adapter, evolveMs)]);
  for (let n = 0; n < count; n += 1000) {
    const added = Array.from({ length: Math.min(1000, count - n) }, () => ({
      type: "counter.added",
      payload: { by: 1 },
    }));
    await broker.call("events.append", { stream: "counter-1", events: added });
  }
  return broker;
}

describe.each(["memory:", "sqlite:"])("An entity of many events on %s", (engine) => {
  const adapter = () => (engine === "memory:" ? engine : `sqlite:${newFolder()}/events.db`);

  it("is loaded while the event loop goes on", async () => {
    const broker = await withEvents(adapter(), events);
    const gaps = await leastGap(() => broker.call("counters.state", { id: "1", version: events - 1 }), threadMs);
    expect(gaps.exceeds(50)).toBe(false);
  });

  it("whose events take long to fold is loaded while the event loop goes on", async () => {
    const broker = await withEvents(adapter(), 300, 1);
    const gaps = await leastGap(() => broker.call("counters.state", { id: "1", version: 299 }), threadMs);
    expect(gaps.exceeds(50)).toBe(false);
  });

  it("is never seen or kept half folded", async () => {
    const broker = await withEvents(adapter(), events);
    const state = () => broker.call<{ version: number; state: State }, object>("counters.state", { id: "1" });
    const [one, command, two, three] = await Promise.all([
      state(),
      broker.call<StoredAnswer, object>("counters.add", { id: "1", by: 5 }),
      state(),
      broker.call<StoredAnswer, object>("counters.add", { id: "1", by: 5 }),
    ]);
    expect([command.version, three.version].toSorted((a, b) => a - b)).toEqual([events + 1, events + 2]);
    for (const { version, state: found } of [one, two, await state()])
      expect(found).toEqual({ count: version, sum: events + (version - events) * 5 });
    expect((await state()).version).toBe(events + 2);
  });

  it("is decided on by one command at a time", async () => {
    const broker = await withEvents(adapter(), events);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => broker.call<StoredAnswer, object>("counters.addOnce", { id: "1", at: events })),
    );
    expect(answers.map(({ events: stored }) => stored.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 1]);
  });
});
