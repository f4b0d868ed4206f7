// A process that takes a snapshot of a table and reads the table, under any permissions.
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { sendLine } from "./send-line.ts";

const folder = process.argv[2]!;
const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
const table = Aggregate("table", { eventStore: events, fields: { n: "integer" } })
  .on("n.happened")
  .create(({ id, payload }) => ({ id, n: payload["n"] as number }));
const broker = new ServiceBroker({ logger: false });
broker.createService({ name: "host", mixins: [events.mixin(), table.mixin()] });
await broker.start();
const { position } = await broker.call<{ position: number }, object>("events.append", {
  stream: "s",
  events: [{ type: "n.happened", payload: { n: 1 } }],
});
await broker.call("table.count", {}, { meta: { readAfter: { events: position } } });
const calls: Record<string, () => Promise<unknown>> = {
  snapshot: () => broker.call("table.snapshot"),
  verify: () => broker.call("table.verify"),
  at: () => broker.call("table.at", { position: 1 }),
  backup: () => broker.call("events.backup", { to: "copy.db" }),
  export: () => broker.call("events.export", { to: "lines.jsonl" }),
  import: () => broker.call("events.import", { from: "lines.jsonl" }),
};
const outcomes: Record<string, string> = {};
for (const [name, call] of Object.entries(calls))
  outcomes[name] = await call().then(
    () => "done",
    ({ type, message }: Error & { type: unknown }) => `${String(type)}: ${message}`,
  );
await broker.stop();
sendLine(JSON.stringify(outcomes));
