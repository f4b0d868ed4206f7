import type { Context, ServiceSchema } from "moleculer";
import { appendedEvent, controlEvent, leaseEvent } from "../service/internal-events.ts";
import type { EventSource } from "./event-source.ts";
import type { Worker } from "./worker.ts";

interface Consumer {
  host: { readonly worker: Pick<Worker, "wake" | "interrupt" | "takeOver"> };
  source: EventSource;
}

/** The broker's events that wake a consumer. Each is a hint: polling finds what a lost one would have said. */
export function consumerEvents(store: string, consumer: () => Consumer): NonNullable<ServiceSchema["events"]> {
  return {
    [appendedEvent(store)]: (ctx: Context<{ position: number }>) => consumer().host.worker.wake(ctx.params.position),
    [controlEvent(store)]: (ctx: Context<{ consumer: string }>) => {
      const { host, source } = consumer();
      if (ctx.params.consumer === source.consumer) host.worker.interrupt();
    },
    [leaseEvent(store)]: (ctx: Context<{ consumer: string; to?: string }>) => {
      const { host, source } = consumer();
      const { to = ctx.broker.nodeID } = ctx.params;
      if (ctx.params.consumer === source.consumer && to === ctx.broker.nodeID) host.worker.takeOver();
    },
    // What it waits for may just have come back.
    "$services.changed": () => consumer().host.worker.wake(),
  };
}
