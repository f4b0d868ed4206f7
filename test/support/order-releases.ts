import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type Adapter,
  type EventCatalogue,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";

const first = {
  "order.placed": { payload: { total: "number" } },
  "order.noted": { payload: { text: "string" } },
  "bill.added": { payload: { id: "string", amount: "number" } },
} satisfies EventCatalogue;

/** The second release renames a field and adds a type. */
const second = {
  ...first,
  "order.placed": {
    schemaVersion: 2,
    payload: { sum: "number" },
    upcasters: { 1: ({ total }: Record<string, unknown>) => ({ sum: total }) },
  },
  "order.shipped": { payload: { by: "string" } },
} satisfies EventCatalogue;

const catalogues: Record<1 | 2, EventCatalogue> = { 1: first, 2: second };
const amountOf = (release: 1 | 2, payload: unknown): number =>
  (payload as Record<string, number>)[release === 1 ? "total" : "sum"]!;

interface Options {
  /** The place of the log; without one, another node hosts it. */
  log?: string | Adapter;
  /** The place of the table. Default: in memory. */
  table?: string | Adapter;
  leaseMs?: number;
  /** Called by the subscription before an event is handled. */
  handle?: () => unknown;
  /** Called by the table before an event is folded. */
  fold?: () => unknown;
}

/** One release of a shop on a node, with what its handlers and listeners got. */
export class Shop {
  readonly handled: string[] = [];
  readonly heard: string[] = [];
  readonly services: ServiceSchema[];

  constructor(release: 1 | 2, { log, table = "memory:", leaseMs, handle = () => {}, fold = () => {} }: Options) {
    const events = EventStore("events", {
      ...(log === undefined ? { host: false } : { adapter: log }),
      events: catalogues[release],
      unknownTypes: "refuse",
      ...(leaseMs !== undefined && { leaseMs }),
    });
    const record = (list: string[], { type, stream, payload }: RecordedEvent<string, unknown>) => {
      list.push(`${stream} ${type === "order.placed" ? amountOf(release, payload) : type}`);
    };
    const orders = Aggregate("orders", {
      eventStore: events,
      adapter: table,
      fields: { amount: "number", events: "integer" },
      definitionVersion: release,
      onError: { retries: 0 },
    })
      .on("order.**")
      .update(async ({ type, payload }, { row }) => {
        await fold();
        const amount = type === "order.placed" && { amount: amountOf(release, payload) };
        return { events: (row?.events ?? 0) + 1, ...amount };
      });
    const mails = Subscription("mails", {
      eventStore: events,
      on: {
        "order.**": async (event) => {
          await handle();
          record(this.handled, event);
        },
      },
      onError: { retries: 0 },
    });
    const billing = ProcessManager("billing", {
      eventStore: events,
      on: {
        "order.placed": async ({ payload }, { call, id }) =>
          void (await call("bill.add", { id, amount: amountOf(release, payload) })),
      },
    });
    const order = Decider("order", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        place: {
          params: { amount: "number" },
          decide: (_, { amount }) => ({
            type: "order.placed",
            payload: release === 1 ? { total: amount } : { sum: amount },
          }),
        },
        note: {
          params: { text: { type: "string", default: "none" } },
          decide: (_, { text }) => ({ type: "order.noted", payload: { text } }),
        },
        ...(release === 2 && { ship: { decide: () => ({ type: "order.shipped", payload: { by: "sea" } }) } }),
      },
      evolve: {
        "order.placed": (count) => count + 1,
        "order.noted": (count) => count + 1,
        ...(release === 2 && { "order.shipped": (count: number) => count + 1 }),
      },
    });
    this.services = [
      { name: "order", mixins: [order.mixin()] },
      {
        name: "bill",
        mixins: [orders.mixin(), mails.mixin(), billing.mixin()],
        actions: { add: events.mapAction("bill.added", { params: { id: "string", amount: "number" } }) },
        events: { "order.**": (ctx: Context<RecordedEvent>) => record(this.heard, ctx.params) },
      },
    ];
  }
}

/** The consumers of a shop. */
export const consumers = ["orders", "mails", "billing"] as const;

export const place = (broker: ServiceBroker, id: string, amount: number): Promise<unknown> =>
  broker.call("order.place", { id, amount });

export async function parkedOf(broker: ServiceBroker): Promise<string[]> {
  const pages = await Promise.all(
    consumers.map((name) =>
      broker.call<{ events: { id: string; error: { message: string } | null }[] }>(`${name}.parked`),
    ),
  );
  return pages.flatMap(({ events }) => events.map(({ id, error }) => `${id} ${error?.message ?? "waits"}`));
}
