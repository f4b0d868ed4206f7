import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { ControlChange } from "../../../core/consumer/consumer-control.ts";
import { everything } from "../../../core/consumer/pause-of-all.ts";
import { onEveryHost, refuseSilent } from "../../consumer/on-every-host.ts";
import { controlEvent } from "../../service/internal-events.ts";
import type { StoreHost } from "../host/host.ts";

/** `pausePump`, `resumePump` and `resumeAll`. They return when every host has applied them to its pump. */
export function pauseActions(store: string, host: () => StoreHost): NonNullable<ServiceSchema["actions"]> {
  const change = async (broker: ServiceBroker, consumer: string, wanted: ControlChange) => {
    await host().consumers.change(consumer, wanted);
    const { silent } = await onEveryHost(broker, store, "applyPumpControl", {});
    if ("pause" in wanted) refuseSilent(store, silent);
  };
  const params = { $$strict: true };
  return {
    pausePump: { params, handler: ({ broker }: Context) => change(broker, "pump", { pause: true }) },
    resumePump: { params, handler: ({ broker }: Context) => change(broker, "pump", { resume: true }) },
    resumeAll: {
      params,
      async handler(ctx: Context) {
        await change(ctx.broker, everything, { resume: true });
        await ctx.broadcast(controlEvent(store), { consumer: everything });
      },
    },
  };
}
