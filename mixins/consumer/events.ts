import type { Context, ServiceSchema } from "moleculer";
import { appendedEvent, controlEvent, leaseEvent } from "../service/internal-events.ts";
import type { EventSource } from "./event-source.ts";

interface Host {
  wake(head?: number): void;
  interrupt(): void;
  /** The lease that this node may wait for was released. */
  takeOver(): void;
}

/** What wakes a consumer: each is a hint, and what a lost one would have said is found by polling. */
export function consumerEvents(
  store: string,
  consumer: () => { host: Host; source: EventSource },
): NonNullable<ServiceSchema["events"]> {
  return {
    [appendedEvent(store)]: (ctx: Context<{ position: number }>) => consumer().host.wake(ctx.params.position),
    [controlEvent(store)]: (ctx: Context<{ consumer: string }>) => {
      const { host, source } = consumer();
      if (ctx.params.consumer === source.consumer) host.interrupt();
    },
    [leaseEvent(store)]: (ctx: Context<{ consumer: string; to?: string }>) => {
      const { host, source } = consumer();
      const { to = ctx.broker.nodeID } = ctx.params;
      if (ctx.params.consumer === source.consumer && to === ctx.broker.nodeID) host.takeOver();
    },
    // What it waits for may just have come back.
    "$services.changed": () => consumer().host.wake(),
  };
}
