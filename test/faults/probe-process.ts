// A node that hosts a store and a subscription or process manager, for which some streams never pass, until it is
// killed. It reports each event at the beginning and at the end of its handler.
import { Errors, ServiceBroker } from "moleculer";
import { EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";

const [kind = "", folder = ""] = process.argv.slice(2);
const eventStore = EventStore("events", { adapter: `sqlite:${folder}/events.db`, leaseMs: 1000 });
const onError = { retries: 1, delayMs: 1, maxParkedInARow: 1_000_000 };

async function handle({ position, stream }: RecordedEvent): Promise<void> {
  const isStuck = stream.startsWith("stuck");
  sendLine("begin", position, isStuck ? "stuck" : stream);
  await new Promise((done) => setTimeout(done, 3));
  if (isStuck) throw new Errors.MoleculerRetryableError("not now", 503, "BUSY", {});
  sendLine("end", position, stream);
}

const reader =
  kind === "subscription"
    ? Subscription("reader", { eventStore, onError, on: { "thing.*": (event) => handle(event) } })
    : ProcessManager("reader", { eventStore, onError, on: { "thing.*": (event) => handle(event) } });
const broker = new ServiceBroker({ nodeID: "killed", logger: false });
broker.createService({ name: "host", mixins: [eventStore.mixin(), reader.mixin()] });
await broker.start();
setInterval(() => {}, 1000);
