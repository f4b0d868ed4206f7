import { Aggregate, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";
import { accountDecider, poison, storeAt, thingsTable, type SoakStore } from "./store.ts";

/** A table in memory, folded by an action. */
const balancesTable = (eventStore: SoakStore, folder: string) =>
  Aggregate("balances", {
    eventStore,
    adapter: "memory:",
    definitionVersion: 1,
    snapshots: { folder: `${folder}/snapshots`, keep: 1 },
    fields: { balance: "integer" },
  })
    .on("account.deposited")
    .update("teller.deposited");

const teller: ServiceSchema = {
  name: "teller",
  actions: {
    deposited: {
      async handler(ctx) {
        const { stream, payload } = ctx.params as unknown as RecordedEvent<string, { amount: number }>;
        const row: { balance: number } | null = await ctx.call("balances.resolve", { id: stream });
        return { id: stream, balance: (row?.balance ?? 0) + payload.amount };
      },
    },
  },
};

/** Each order is a separate process: a command, and a deadline that ends it. */
const shippingManager = (name: string, eventStore: SoakStore, account: string) =>
  ProcessManager(name, {
    eventStore,
    correlate: ({ stream }) => stream,
    initialState: () => ({ touched: 0 }),
    onError: { retries: 1, delayMs: 1 },
    on: {
      "order.placed": async ({ payload }, { call, schedule }) => {
        schedule("due", 1000);
        await call(`${account}.deposit`, { id: payload.account, amount: 1 });
      },
      "order.touched": (_, { state }) => ({ touched: state.touched + 1 }),
      "order.poisoned": () => {
        throw poison;
      },
    },
    deadlines: { due: (_, { end }) => end() },
  });

const watchSubscription = (name: string, eventStore: SoakStore, onEvent: (event: object) => void) =>
  Subscription(name, {
    eventStore,
    onError: { retries: 1, delayMs: 1 },
    on: {
      "*.*": onEvent,
      "watch.poisoned": () => {
        throw poison;
      },
    },
  });

/**
 * A service of every kind over one store in a file. `onEvent` is called with each event that the subscription handles.
 */
export function soakServices(folder: string, onEvent: (event: object) => void): ServiceSchema[] {
  const events = storeAt("events", folder);
  const things = thingsTable("things", events, {
    adapter: `sqlite:${folder}/things.db`,
    snapshots: { folder: `${folder}/snapshots`, keep: 2 },
  });
  return [
    teller,
    { name: "account", mixins: [events.mixin(), accountDecider("account", events).mixin()] },
    {
      name: "thing",
      mixins: [
        events.mixin(),
        things.mixin(),
        balancesTable(events, folder).mixin(),
        shippingManager("shipping", events, "account").mixin(),
        watchSubscription("watch", events, onEvent).mixin(),
      ],
      actions: {
        count: events.mapAction("thing.counted", {
          params: { thing: "string", n: "number", text: "string" },
          stream: ({ thing }) => `thing-${thing}`,
        }),
      },
      // Plain listeners of the pump.
      events: { "thing.removed"() {} },
    },
  ];
}

/**
 * A service that starts and stops: its own store with consumers of each kind, and another table of the permanent store.
 */
export function passingService(folder: string): ServiceSchema {
  const side = storeAt("side", folder);
  return {
    name: "sideAccount",
    mixins: [
      side.mixin(),
      accountDecider("sideAccount", side).mixin(),
      thingsTable("sideThings", side, { adapter: `sqlite:${folder}/sideThings.db` }).mixin(),
      thingsTable("sideImage", side, { adapter: "memory:" }).mixin(),
      shippingManager("sideShipping", side, "sideAccount").mixin(),
      watchSubscription("sideWatch", side, () => {}).mixin(),
      thingsTable("guestThings", storeAt("events", folder), { adapter: `sqlite:${folder}/guestThings.db` }).mixin(),
    ],
  };
}
