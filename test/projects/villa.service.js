const { Aggregate, Decider, EventStore } = require("moleculer-event-sourcing");

const events = EventStore("villaEvents", { events: { "villa.opened": { payload: { name: "string" } } } });

const villa = Decider("villa", {
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

/** Opens a villa, and reads it in the table. */
async function openedIn(broker) {
  const meta = events.readAfter(await broker.call("villa.open", { id: "1", name: "Lake House" }));
  return broker.call("villas.find", {}, { meta });
}

const service = { name: "villa", mixins: [villa.mixin(), villas.mixin()] };

module.exports = { openedIn, service, villa };
