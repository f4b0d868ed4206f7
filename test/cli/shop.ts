import type { ServiceSchema } from "moleculer";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type RecordedEvent,
} from "moleculer-event-sourcing";

type ShopEvents = {
  "customer.joined": { email: string };
  "order.placed": { order: string; amount: number };
};

/** What a shop has done in one life of its process. */
export interface Doings {
  folded: RecordedEvent[];
  handled: RecordedEvent[];
}

/** A store with one consumer of each kind; its table stands in the folder, whichever engine the log is on. */
export function shop(adapter: string, folder: string, doings: Doings): ServiceSchema {
  const events = EventStore<ShopEvents>("shopEvents", { adapter });
  const customer = Decider("customer", {
    eventStore: events,
    initialState: () => ({ joined: false }),
    stateSnapshots: { every: 1 },
    claims: { email: { claim: { "customer.joined": ({ payload }) => payload.email }, ignoreCase: true } },
    commands: {
      join: {
        params: { email: "email" },
        decide: (_, { email }) => ({ type: "customer.joined", payload: { email } }),
      },
    },
    evolve: { "customer.joined": () => ({ joined: true }) },
  });
  const sales = Aggregate("sales", {
    eventStore: events,
    adapter: `sqlite:${folder}/sales.db`,
    fields: { orders: "integer", amount: "integer" },
  })
    .on("order.placed")
    .update(async (event, { get }) => {
      doings.folded.push(event);
      const row = await get("all");
      return { id: "all", orders: (row?.orders ?? 0) + 1, amount: (row?.amount ?? 0) + event.payload.amount };
    });
  const mails = Subscription("mails", {
    eventStore: events,
    on: { "order.placed": (event) => void doings.handled.push(event) },
  });
  const payments = ProcessManager("payments", {
    eventStore: events,
    correlate: ({ payload }) => ("order" in payload ? payload.order : null),
    initialState: () => ({ amount: 0 }),
    on: { "order.placed": ({ payload }) => ({ amount: payload.amount }) },
  });
  return {
    name: "shop",
    mixins: [events.mixin(), customer.mixin(), sales.mixin(), mails.mixin(), payments.mixin()],
    actions: {
      order: events.mapAction("order.placed", {
        params: { order: "string", amount: "number" },
        stream: ({ order }) => `order-${order}`,
      }),
    },
  };
}
