import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { AppendRelay, RelayAnswer } from "../../../core/log/append-relay.ts";
import { times } from "../../../core/concurrency/times.ts";
import { remoteCall } from "../../consumer/remote-call.ts";
import { storedKey } from "../../service/stored-texts.ts";
import type { Hosting } from "./history-actions.ts";
import { toRelayed, type RelayedAppend } from "../append/relayed-group.ts";

/** The most that one commit has. */
const maxGroup = 1000;

interface RelayedParams {
  log: string;
  requests: RelayedAppend[];
}

/** What hosts of one log ask of one another: to commit a group of appends. */
export function relayActions(hosting: () => Hosting): NonNullable<ServiceSchema["actions"]> {
  return {
    appendRelayed: {
      // The sender's append has a span.
      tracing: false,
      params: {
        $$strict: true,
        log: storedKey,
        requests: { type: "array", min: 1, max: maxGroup, items: "object" },
      },
      handler(ctx: Context<RelayedParams>): Promise<RelayAnswer> {
        const { host, duplicateHosts } = hosting();
        duplicateHosts?.assertNone();
        return host.appends.appendRelayed(ctx.params.log, ctx.params.requests, ctx.nodeID ?? "");
      },
    },
  };
}

/** How the host of a store on this broker reaches those on other nodes. */
export const relayOf = (broker: ServiceBroker, store: string): AppendRelay => ({
  node: broker.nodeID,
  send: (nodeID, log, requests) =>
    remoteCall(broker, `${store}.appendRelayed`, { log, requests: toRelayed(requests) } satisfies RelayedParams, {
      nodeID,
      timeout: times.relay.answerMs,
      retries: 0,
    }),
});
