import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, Decider, EventStore } from "moleculer-event-sourcing";

const events = EventStore("villaEvents", { events: { "villa.opened": { payload: { name: "string" } } } });

export const villa = Decider("villa", {
  eventStore: events,
  initialState: () => ({ isOpen: false }),
  evolve: { "villa.opened": () => ({ isOpen: true }) },
  commands: {
    open: {
      params: { name: "string" },
      decide: ({ isOpen }, { name }) => (isOpen ? [] : { type: "villa.opened", payload: { name } }),
    },
  },
});

const villas = Aggregate("villas", { eventStore: events, fields: { name: "string" } })
  .on("villa.opened")
  .create(({ payload }) => payload);

export const service: ServiceSchema = { name: "villa", mixins: [villa.mixin(), villas.mixin()] };

/** Opens a villa, and reads it in the table. */
export async function openedIn(broker: ServiceBroker): Promise<unknown> {
  const meta = events.readAfter(await broker.call("villa.open", { id: "1", name: "Lake House" }));
  return broker.call("villas.find", {}, { meta });
}
