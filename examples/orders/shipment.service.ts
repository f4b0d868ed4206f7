import { Decider, ProcessManager } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";
import { events } from "./store.ts";

export const shipment = Decider("shipment", {
  eventStore: events,
  initialState: () => ({ isCreated: false }),
  commands: {
    create: {
      params: {
        order: "string",
        partner: "email",
        items: {
          type: "array",
          items: {
            type: "object",
            props: { product: "string", quantity: "number", unit: { type: "enum", values: ["KG", "MT"] } },
          },
        },
      },
      decide: ({ isCreated }, { order, partner, items }) =>
        isCreated ? [] : { type: "shipment.created", payload: { order, partner, items } },
    },
  },
  evolve: { "shipment.created": () => ({ isCreated: true }) },
});

/** Whenever an order is completed, a shipment is created: a policy, which needs no state. */
export const shipping = ProcessManager("shipping", {
  eventStore: events,
  initialState: () => ({}),
  on: {
    "order.completed": async ({ payload: { partner, items } }, { id, call, end }) => {
      await call("shipment.create", { id, order: id, partner, items });
      end();
    },
  },
});

const service: ServiceSchema = { name: "shipment", mixins: [shipment.mixin(), shipping.mixin()] };

export default service;
