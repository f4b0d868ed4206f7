// A host of a log on NATS in its own process. Its callers append continuously, and it reports acknowledged events.
import { EventStore, type StoredAnswer } from "moleculer-event-sourcing";
import { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { nats } from "../../adapters/nats/nats.ts";
import { sendLine } from "../support/send-line.ts";
import { nodeOptions } from "./multinode/node-options.ts";

const [url = "", namespace = "", nodeID = "", folder = "", life = ""] = process.argv.slice(2);
const adapter = nats(url, { folder });
const events = EventStore("events", { adapter: { ...adapter, eventLog: () => adapter.eventLog!(namespace) } });
const broker = new ServiceBroker({
  ...nodeOptions(url, namespace, nodeID),
  heartbeatInterval: 1,
  heartbeatTimeout: 3,
  logger: false,
  middlewares: [
    {
      localAction: (next, { name }) =>
        name === "$events.appendRelayed"
          ? function (ctx) {
              sendLine("relayed", String(ctx.nodeID));
              return next.call(this, ctx);
            }
          : next,
    },
  ],
});
broker.createService({ name: "host", mixins: [events.mixin()] });
const state = { isEnding: false };

async function append(stream: string, id: string): Promise<StoredAnswer> {
  for (;;) {
    try {
      const event = { id, type: "thing.added", payload: { text: "x".repeat(200) } };
      return await broker.call("events.append", { stream, events: [event] }, { nodeID });
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true) sendLine("failed", (error as Error).message);
      await new Promise((turn) => setTimeout(turn, 20));
    }
  }
}

async function appendForEver(caller: number): Promise<void> {
  while (!state.isEnding) {
    const id = v7();
    const { position, version } = await append(`thing-${nodeID}-${life}-${caller}`, id);
    sendLine("stored", `${id}/${position}/${version}`);
  }
}

await broker.start();
sendLine("ready");
const callers = Array.from({ length: 8 }, (_, caller) => appendForEver(caller));
process.on("SIGTERM", () => {
  state.isEnding = true;
  void Promise.all(callers)
    .then(() => broker.stop())
    .then(() => process.exit());
});
