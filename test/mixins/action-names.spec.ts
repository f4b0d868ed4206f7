import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  type AggregateOptions,
  type AnyEvents,
  type EventStoreOptions,
  type FieldsInput,
  type ProcessManagerOptions,
  type SubscriptionOptions,
} from "moleculer-event-sourcing";
import { cleanUp, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

type NamesIn<Options extends { actions?: object }> = Record<keyof NonNullable<Options["actions"]>, true>;

const reads = { find: true, list: true, get: true, count: true, resolve: true } as const;
const consumer: NamesIn<SubscriptionOptions<AnyEvents>> = {
  status: true,
  pause: true,
  resume: true,
  parked: true,
  retry: true,
  skip: true,
};
const process: NamesIn<ProcessManagerOptions<AnyEvents, undefined, never>> = { ...consumer, processes: true };
const table: NamesIn<AggregateOptions<AnyEvents, FieldsInput>> = {
  ...reads,
  ...consumer,
  at: true,
  whatIf: true,
  verify: true,
  rebuild: true,
  restore: true,
  replay: true,
  cancel: true,
  snapshot: true,
  snapshots: true,
};
const store: NamesIn<EventStoreOptions> = {
  ...reads,
  append: true,
  read: true,
  streams: true,
  verify: true,
  link: true,
  trace: true,
  status: true,
  pausePump: true,
  resumePump: true,
  resumeAll: true,
  backup: true,
  export: true,
  import: true,
};

describe("The types of the option `actions`", () => {
  it("have the names of the service's actions", async () => {
    const eventStore = EventStore("store", { adapter: "memory:" });
    const on = { "thing.counted": () => {} };
    const all = [
      Aggregate("table", { eventStore, adapter: "memory:", fields: { n: "integer" } })
        .on("thing.counted")
        .remove(),
      Subscription("consumer", { eventStore, on }),
      ProcessManager("process", { eventStore, on }),
    ];
    const broker = await startBroker([{ name: "host", mixins: all.map((one) => one.mixin()) }]);
    for (const [name, names] of Object.entries({ store, table, consumer, process })) {
      const actions = Object.keys(broker.getLocalService(name).schema.actions!);
      expect(actions.toSorted()).toEqual(Object.keys(names).toSorted());
    }
  });
});
