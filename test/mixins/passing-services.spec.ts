import { Aggregate, Decider, EventStore, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, startBroker } from "../support/broker.ts";
import { collectGarbage } from "../support/garbage.ts";

afterEach(cleanUp);

const storeOf = (name: string) => EventStore<{ "thing.counted": object }>(name, { adapter: `memory:${name}` });

const deciderOf = (name: string, eventStore: ReturnType<typeof storeOf>, decide: () => { type: "thing.counted" }) =>
  Decider(name, {
    eventStore,
    initialState: () => ({ count: 0 }),
    stateSnapshots: { every: 1 },
    commands: { count: { decide } },
    evolve: { "thing.counted": ({ count }) => ({ count: count + 1 }) },
  });

/** The parts of a user's definitions, each new. */
function definitions() {
  const decide = () => ({ type: "thing.counted" as const });
  return {
    decide: decide.bind(null),
    decideForGuest: decide.bind(null),
    transform: ({ id, version }: { id: string; version: number }) => ({ id, n: version }),
    handler: () => {},
    managed: (_: object, { end }: { end: () => void }) => end(),
  };
}

/** A store with consumers of every kind, and a decider of a permanent store. */
function schemasOf({ decide, decideForGuest, transform, handler, managed }: ReturnType<typeof definitions>) {
  const events = storeOf("passing");
  const fields = { n: "integer" } as const;
  const all = [
    events,
    deciderOf("thing", events, decide),
    Aggregate("table", { eventStore: events, adapter: "memory:", fields }).on("thing.counted").create(transform),
    Subscription("watch", { eventStore: events, on: { "thing.counted": handler } }),
    ProcessManager("manager", {
      eventStore: events,
      correlate: ({ stream }) => stream,
      on: { "thing.counted": managed },
    }),
  ];
  const guest = deciderOf("guest", storeOf("staying"), decideForGuest);
  return [
    { name: "thing", mixins: all.map((one) => one.mixin()) },
    { name: "guest", mixins: [guest.mixin()] },
  ] satisfies ServiceSchema[];
}

/** References to their definitions after their end. */
async function comeAndGo(broker: ServiceBroker): Promise<Record<string, WeakRef<object>>> {
  const made = definitions();
  const services = schemasOf(made).map((schema) => broker.createService(schema));
  for (const { name } of services) await eventually(() => broker.call(`${name}.count`, { id: "1" }));
  for (const consumer of ["table", "watch", "manager"]) await caughtUp(broker, consumer);
  for (const service of services) await broker.destroyService(service);
  return Object.fromEntries(Object.entries(made).map(([name, one]) => [name, new WeakRef(one)]));
}

describe("Services that are created and destroyed on a running broker", () => {
  it("leave nothing of their definitions in memory", async () => {
    const broker = await startBroker([{ name: "host", mixins: [storeOf("staying").mixin()] }]);
    const gone: Record<string, WeakRef<object>>[] = [];
    for (let round = 0; round < 3; round++) gone.push(await comeAndGo(broker));
    // The store remembers the last decider of a name: its snapshots can be verified.
    await comeAndGo(broker);
    await eventually(() => {
      collectGarbage();
      const left = gone.flatMap((made) => Object.keys(made).filter((name) => made[name]!.deref()));
      expect(left).toEqual([]);
    }, 10_000);
  });
});
