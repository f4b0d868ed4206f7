import { Aggregate, Decider, Subscription } from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";
import { tables } from "../engines.ts";
import { blockedProducts, orderExists, orderIs } from "./errors.ts";
import { events, type Item } from "./store.ts";

interface Order {
  status: "unknown" | "open" | "completed" | "deleted";
  number: string;
  partner: string;
  items: Item[];
}

/** The data that the hook of `complete` adds to the command. */
interface Enriched {
  blocked: string[];
}

function mustBeOpen({ status }: Order, id: string): void {
  if (status !== "open") throw orderIs(id, status);
}

export const order = Decider("order", {
  eventStore: events,
  initialState: (): Order => ({ status: "unknown", number: "", partner: "", items: [] }),
  claims: {
    number: {
      claim: { "order.created": "number" },
      release: ["order.deleted"],
      ignoreCase: true,
    },
  },
  commands: {
    create: {
      params: {
        number: "string|min:1|max:30",
        partner: "email",
        items: {
          type: "array",
          min: 1,
          items: {
            type: "object",
            strict: true,
            props: {
              product: "string|min:1",
              quantity: { type: "number", positive: true },
              unit: { type: "enum", values: ["KG", "MT"] },
            },
          },
        },
      },
      decide({ status }, { id, number, partner, items }) {
        if (status !== "unknown") throw orderExists(id);
        return { type: "order.created", payload: { number, partner, items } };
      },
    },
    complete: {
      decide(state, { id }, ctx) {
        mustBeOpen(state, id);
        // The hook below has queried which products are blocked now.
        const { blocked } = ctx.locals as Enriched;
        const refused = state.items.map(({ product }) => product).filter((product) => blocked.includes(product));
        if (refused.length > 0) throw blockedProducts(id, refused);
        const { number, partner, items } = state;
        return { type: "order.completed", payload: { number, partner, items } };
      },
    },
    delete: {
      decide(state, { id }) {
        mustBeOpen(state, id);
        return { type: "order.deleted", payload: { number: state.number } };
      },
    },
  },
  evolve: {
    "order.created": (_, { payload }) => ({ status: "open", ...payload }),
    "order.completed": (state) => ({ ...state, status: "completed" }),
    "order.deleted": (state) => ({ ...state, status: "deleted" }),
  },
});

const orders = Aggregate("orders", {
  eventStore: events,
  ...tables(),
  fields: { number: { type: "string", index: true }, partner: "string", items: "integer", status: "string" },
})
  .on("order.created")
  .create(({ payload: { number, partner, items } }) => ({ number, partner, items: items.length, status: "open" }))
  .on("order.completed")
  .update(() => ({ status: "completed" }))
  .on("order.deleted")
  .remove();

const orderItems = Aggregate("orderItems", {
  eventStore: events,
  ...tables(),
  fields: { order: { type: "string", index: true }, product: "string", quantity: "number", unit: "string" },
})
  .on("order.created")
  .createMany(({ payload: { items } }, { id }) => items.map((item) => ({ ...item, order: id })))
  .on("order.deleted")
  .remove((_, { id, find }) => find({ query: { order: id } }));

/** All events of all orders are also linked into one stream, in their order. */
const orderLinks = Subscription("orderLinks", {
  eventStore: events,
  on: { "order.*": ({ id }, { call }) => call("orderEventStore.link", { stream: "orders", ids: [id] }) },
});

const service: ServiceSchema = {
  name: "order",
  mixins: [order.mixin(), orders.mixin(), orderItems.mixin(), orderLinks.mixin()],
  hooks: {
    before: {
      async complete(ctx: Context) {
        Object.assign(ctx.locals, { blocked: await ctx.call("product.blocked") } satisfies Enriched);
      },
    },
  },
};

export default service;
