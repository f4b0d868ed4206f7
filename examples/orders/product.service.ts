import { Aggregate } from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";
import { tables } from "../engines.ts";
import { events } from "./store.ts";

const blocked = Aggregate("blockedProducts", { eventStore: events, ...tables(), fields: { reason: "string" } })
  .on("product.blocked")
  .update(({ payload }) => payload)
  .on("product.unblocked")
  .remove();

/** The products that must not be sold: an event for each, and a table of those that are blocked now. */
const service: ServiceSchema = {
  name: "product",
  mixins: [blocked.mixin()],
  actions: {
    block: events.mapAction("product.blocked", { params: { id: "string", reason: "string?" } }),
    unblock: events.mapAction("product.unblocked", { params: { id: "string" } }),
    async blocked(ctx: Context): Promise<string[]> {
      const rows: { id: string }[] = await ctx.call("blockedProducts.find");
      return rows.map(({ id }) => id);
    },
  },
};

export default service;
