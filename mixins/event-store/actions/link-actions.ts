import type { Context, ServiceSchema } from "moleculer";
import { toLinkRequest, type Linked } from "../../../core/log/links.ts";
import type { HostedStore } from "./history-actions.ts";

/** The result of `link`. */
export interface LinkAnswer extends Linked {
  stream: string;
}

/** The action `link`, which adds events of other streams to a stream of links. */
export function linkActions(hosted: () => HostedStore): NonNullable<ServiceSchema["actions"]> {
  const any = { type: "any", optional: true } as const;
  return {
    link: {
      params: { $$strict: true, stream: any, ids: any },
      async handler(ctx: Context<{ stream?: unknown; ids?: unknown }>): Promise<LinkAnswer> {
        const { host, duplicateHosts } = hosted();
        duplicateHosts.assertNone();
        const { stream, ids } = toLinkRequest(ctx.params.stream, ctx.params.ids);
        return { stream, ...(await host.log.links.add(stream, ids)) };
      },
    },
  };
}
