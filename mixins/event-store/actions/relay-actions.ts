import type { ActionVisibility, Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { AppendRelay, RelayAnswer } from "../../../core/log/append-relay.ts";
import { times } from "../../../core/concurrency/times.ts";
import { remoteCall } from "../../consumer/remote-call.ts";
import { innerName, spoken } from "../../service/between-nodes.ts";
import { storedKey } from "../../service/stored-texts.ts";
import type { HostedStore } from "./history-actions.ts";
import { toRelayed, type RelayedAppend } from "../append/relayed-group.ts";

/** The most appends in one commit. */
const maxGroup = 1000;

interface RelayedParams {
  log: string;
  requests: RelayedAppend[];
}

/** The action that hosts of one log call on each other: commit a group of appends. */
export function relayActions(
  hosted: () => HostedStore,
  visibility: ActionVisibility,
): NonNullable<ServiceSchema["actions"]> {
  return {
    appendRelayed: {
      visibility,
      // The sender's append has a span.
      tracing: false,
      params: {
        $$strict: true,
        log: storedKey,
        requests: { type: "array", min: 1, max: maxGroup, items: "object" },
      },
      handler(ctx: Context<RelayedParams>): Promise<RelayAnswer> {
        const { host, duplicateHosts } = hosted();
        duplicateHosts.assertNone();
        return host.appends.appendRelayed(ctx.params.log, ctx.params.requests, ctx.nodeID ?? "");
      },
    },
  };
}

/** The relay from the store's host on this broker to its hosts on other nodes. */
export const relayOf = (broker: ServiceBroker, store: string): AppendRelay => ({
  node: broker.nodeID,
  send: (nodeID, log, requests) =>
    remoteCall(
      broker,
      `${innerName(store)}.appendRelayed`,
      { log, requests: toRelayed(requests) } satisfies RelayedParams,
      {
        ...spoken,
        nodeID,
        timeout: times.relay.answerMs,
        retries: 0,
      },
    ),
});
