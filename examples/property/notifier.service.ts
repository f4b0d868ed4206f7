import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { log, tables } from "../engines.ts";

// The same store as the property service's: services of one broker share it by its name.
const events = EventStore("propertyEventStore", log());

const notifications = Aggregate("notificationsAggregate", {
  eventStore: events,
  ...tables(),
  fields: { eventId: "string", recipient: { type: "string", index: true }, text: "string" },
})
  .on("property.created")
  .createMany("propertyNotifier.createNotifications");

const notifier: ServiceSchema = {
  name: "propertyNotifier",
  mixins: [notifications.mixin()],
  actions: {
    createNotifications(ctx: Context<RecordedEvent<"property.created", { name: string }>>) {
      const { id, payload } = ctx.params;
      return ["owner", "cleaner", "accountant"].map((recipient) => ({
        eventId: id,
        recipient,
        text: `Property ${payload.name} was added to your account`,
      }));
    },
  },
};

export default notifier;
