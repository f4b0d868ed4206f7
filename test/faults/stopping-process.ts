// A node that appends to a log, and reports acknowledged events, until its end is requested.
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore, Subscription, type StoredAnswer } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";

const [adapter = "", folder = "", transporter = ""] = process.argv.slice(2);
const events = EventStore("events", { adapter });
const table = Aggregate("things", {
  eventStore: events,
  adapter: `sqlite:${folder}/things.db`,
  fields: { n: "integer" },
})
  .on("thing.added")
  .create(({ id, position }) => ({ id, n: position }));
const watch = Subscription("watch", { eventStore: events, on: { "thing.added": () => {} } });
const broker = new ServiceBroker({
  logger: false,
  ...(transporter !== "" && { transporter: { type: "NATS" as const, options: { url: transporter } } }),
});
broker.createService({ name: "host", mixins: [events.mixin(), table.mixin(), watch.mixin()] });
await broker.start();
process.once("SIGTERM", () => void broker.stop().then(() => process.exit()));
for (;;) {
  const params = { stream: "s", events: [{ type: "thing.added", payload: {} }] };
  const answer = await broker.call<StoredAnswer, object>("events.append", params).catch(() => null);
  if (answer) sendLine(answer.position);
  await new Promise((turn) => setTimeout(turn, 10));
}
