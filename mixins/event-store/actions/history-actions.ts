import type { Context, ServiceSchema } from "moleculer";
import type { AppendInput } from "../../../core/log/append-request.ts";
import type { EventInput } from "../../../core/log/new-event.ts";
import { knownDecider } from "../../service/known-deciders.ts";
import type { StoreHost } from "../host/host.ts";
import { positionAt } from "./position-at.ts";
import { requestIds } from "./request-ids.ts";
import type { DuplicateHosts } from "../host/duplicate-hosts.ts";
import { verifyLog } from "../verify/verify-log.ts";

/** A node's store. Read at each call, because the service creates it after its actions. */
export interface HostedStore {
  host: StoreHost;
  duplicateHosts: DuplicateHosts;
  /** The fields that the store adds to the meta of the events of a call. */
  metaOf: (ctx: Context) => Record<string, unknown> | undefined;
}

type Caller<Params> = Context<Params, Record<string, unknown>>;

/** `verify` of the log. */
export const verifyActions = (store: string, hosted: () => HostedStore): NonNullable<ServiceSchema["actions"]> => ({
  verify: {
    params: { $$strict: true },
    handler({ broker }: Context) {
      const { host } = hosted();
      const { log, catalogue } = host;
      const deciderOf = (decider: string) => knownDecider(broker, store, decider);
      return host.jobs.run("verify", (job) => verifyLog({ log, catalogue: catalogue.current, deciderOf }, job));
    },
  },
});

/** Between nodes: `record` for the framework's own events, `positionAt` a time, and `draft` without storing. */
export function historyActions(hosted: () => HostedStore): NonNullable<ServiceSchema["actions"]> {
  const any = { type: "any", optional: true } as const;
  return {
    record: {
      params: { $$strict: true, stream: "string", type: "string", payload: any, id: any, meta: any },
      async handler(ctx: Caller<{ stream: string } & EventInput>) {
        const { host, duplicateHosts } = hosted();
        duplicateHosts.assertNone();
        const { stream, ...event } = ctx.params;
        return host.appends.append({ stream, events: [event] }, { ...requestIds(ctx), isSystem: true });
      },
    },
    positionAt: {
      params: { $$strict: true, time: any },
      handler: (ctx: Context<{ time: unknown }>) => positionAt(hosted().host.log, ctx.params.time),
    },
    draft: {
      params: { $$strict: true, stream: { type: "string", default: "draft" }, events: any, command: any },
      handler: (ctx: Caller<Pick<AppendInput, "stream" | "events" | "command">>) =>
        hosted().host.appends.draft(ctx.params, {
          ...requestIds(ctx),
          // Of a command, as its append has them: `whatIf` drafts events that no call has caused.
          ...(ctx.params.command && { storeMeta: hosted().metaOf(ctx) }),
        }),
    },
  };
}
