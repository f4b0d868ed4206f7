import type { Context, ServiceSchema } from "moleculer";
import { toLinkRequest, type Linked } from "../../../core/log/links.ts";
import type { Hosting } from "./history-actions.ts";

/** The answer of `link`. */
export interface LinkAnswer extends Linked {
  stream: string;
}

/** Streams of links, which collect events of other streams. */
export function linkActions(hosting: () => Hosting): NonNullable<ServiceSchema["actions"]> {
  const any = { type: "any", optional: true } as const;
  return {
    link: {
      params: { $$strict: true, stream: any, ids: any },
      async handler(ctx: Context<{ stream?: unknown; ids?: unknown }>): Promise<LinkAnswer> {
        const { host, duplicateHosts } = hosting();
        duplicateHosts?.assertNone();
        const { stream, ids } = toLinkRequest(ctx.params.stream, ctx.params.ids);
        return { stream, ...(await host.log.links.add(stream, ids)) };
      },
    },
  };
}
