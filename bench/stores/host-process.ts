// A node in its own process. It hosts the store, or calls the node that does, and appends on request.
import { ServiceBroker } from "moleculer";
import { EventStore } from "../../index.ts";
import { eventType, params, payloadOf, streamOf, eventsPerStream, type Payload } from "../events.ts";
import type { Appended, HostOrder, HostTask } from "./hosts.ts";
import { storeName } from "./ours.ts";
import { servers } from "./servers.ts";

const { server, url, carrier, namespace, nodeID, folder, isHost }: HostTask = JSON.parse(process.argv[2]!) as HostTask;
const events = EventStore<{ [eventType]: Payload }>(storeName, {
  adapter: servers[server].ours(url, folder),
  host: isHost,
});
const broker = new ServiceBroker({
  nodeID,
  namespace,
  transporter: { type: "NATS", options: { url: carrier } },
  logger: false,
});
broker.createService({
  name: "bench",
  mixins: [events.mixin()],
  actions: {
    change: events.mapAction(eventType, { params, stream: ({ id }: Payload) => streamOf(id) }),
  },
});

/** Callers that send their next event when the last one has resolved, for the given time. */
async function append({ callers, warmUpMs, ms }: HostOrder): Promise<Appended> {
  const counted = { from: performance.now() + warmUpMs, to: performance.now() + warmUpMs + ms };
  const latencies: number[] = [];
  let stored = 0;
  const call = async (caller: number): Promise<void> => {
    for (let sent = 0; performance.now() < counted.to; sent++) {
      const entity = `${nodeID}.${caller}.${Math.floor(sent / eventsPerStream)}`;
      const began = performance.now();
      await broker.call("bench.change", payloadOf(entity, sent));
      const ended = performance.now();
      stored++;
      if (ended >= counted.from && ended < counted.to) latencies.push(ended - began);
    }
  };
  let before = process.cpuUsage();
  setTimeout(() => (before = process.cpuUsage()), warmUpMs);
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  const { user, system } = process.cpuUsage(before);
  return { stored, latencies, cpuUs: user + system };
}

process.on("message", (order: HostOrder) => void append(order).then((appended) => process.send!(appended)));
process.on("disconnect", () => void broker.stop().then(() => process.exit()));
await broker.start();
await broker.waitForServices(storeName, 60_000, 10);
process.send!("ready");
