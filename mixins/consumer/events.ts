import type { Context, ServiceSchema } from "moleculer";
import { everything } from "../../core/consumer/pause-of-all.ts";
import { appendedEvent, controlEvent, leaseEvent } from "../service/internal-events.ts";
import type { EventSource } from "./event-source.ts";
import type { Worker } from "./worker.ts";

interface Consumer {
  host: { readonly worker: Pick<Worker, "wake" | "interrupt" | "takeOver"> };
  source: EventSource;
}

/** The broker events that wake a consumer. Each is a hint: if one is lost, polling finds the same change later. */
export function consumerEvents(store: string, consumer: () => Consumer): NonNullable<ServiceSchema["events"]> {
  return {
    [appendedEvent(store)]: (ctx: Context<{ position: number }>) => consumer().host.worker.wake(ctx.params.position),
    [controlEvent(store)]: (ctx: Context<{ consumer: string }>) => {
      const { host, source } = consumer();
      if ([source.consumer, everything].includes(ctx.params.consumer)) host.worker.interrupt();
    },
    [leaseEvent(store)]: (ctx: Context<{ consumer: string; to?: string }>) => {
      const { host, source } = consumer();
      const { to = ctx.broker.nodeID } = ctx.params;
      if (ctx.params.consumer === source.leaseName && to === ctx.broker.nodeID) host.worker.takeOver();
    },
    // A service that the consumer waits for may be available again.
    "$services.changed": () => {
      const { host, source } = consumer();
      host.worker.wake();
      void source.mappedTypes.check();
    },
  };
}
