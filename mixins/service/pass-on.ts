import type { ActionSchema, Context, Service, ServiceSchema } from "moleculer";
import { newerEventOf, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import { isThenable } from "../../core/concurrency/is-thenable.ts";
import { HostBehindError } from "./host-behind.ts";
import { isSendable } from "./message-size.ts";
import { sentParams } from "./sent-params.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** A header belongs to one call; meta would be inherited by all nested calls. */
const header = "$passedOn";
/** The header's value if the caller has a further choice: a node that must catch up, too, refuses the call. */
const unlessBehind = "unless behind";

interface Endpoint {
  id: string;
  local: boolean;
  isAvailable: boolean;
}

/**
 * Serves the call on another host while this one must catch up; here if no other one is ahead of it.
 * @param peers the nodes that are asked before others
 */
export function whileBehind(
  ctx: Context,
  isBehind: boolean,
  handleHere: () => unknown,
  peers?: () => readonly string[],
): unknown {
  if (!isBehind) return handleHere();
  const passedOn = passedOnAs(ctx);
  if (passedOn === unlessBehind) throw new HostBehindError(ctx.action!.name!, ctx.broker.nodeID);
  return passedOn === undefined ? elsewhere(ctx, handleHere, peers?.() ?? []) : handleHere();
}

/** Calls `handleHere` also if the other node's result does not fit into one message. */
async function elsewhere(ctx: Context, handleHere: () => unknown, peers: readonly string[]): Promise<unknown> {
  const hosts = otherHostsOf(ctx);
  const isPeer = (id: string) => peers.includes(id);
  for (const nodeID of [...hosts.filter(isPeer), ...hosts.filter((id) => !isPeer(id))])
    try {
      return await ctx.call(ctx.action!.name!, ctx.params, passedTo(ctx, nodeID, unlessBehind));
    } catch (error) {
      const { type } = (error ?? {}) as { type?: unknown };
      if (type === "ANSWER_TOO_LARGE") break;
      if (type !== "HOST_BEHIND") throw error;
    }
  return handleHere();
}

/**
 * The other nodes that host the action, in the order of their names, from this node's on: nodes that join at once share the
 * work among the others, and each keeps to one of them, whose answers do not go back.
 */
function otherHostsOf({ broker, action, params, meta }: Context): string[] {
  const list = broker.registry.actions.get(action!.name!) as { endpoints: Endpoint[] } | undefined;
  const others = (list?.endpoints ?? [])
    .filter(({ id, local, isAvailable }) => {
      return !local && isAvailable && isSendable(broker, action!.name!, params, { meta, nodeID: id });
    })
    .map(({ id }) => id);
  return inOrderFrom(broker.nodeID, others);
}

/** The nodes in the order of their names, from a node's own on. */
export function inOrderFrom(node: string, others: readonly string[]): string[] {
  const sorted = others.toSorted();
  const isAfter = (id: string) => id > node;
  return [...sorted.filter(isAfter), ...sorted.filter((id) => !isAfter(id))];
}

type NewerNodeFor = (ctx: Context, newer: NewerEvent) => string | null;

/** Serves the call here; if only a newer release can read an event, on the node of such a release. */
export function orOnNewer(ctx: Context, newerNodeFor: NewerNodeFor, handleHere: () => unknown): unknown {
  const elsewhere = (error: unknown): unknown => {
    const newer = newerEventOf(error);
    const node = newer && passedOnAs(ctx) === undefined ? newerNodeFor(ctx, newer) : null;
    if (node === null) throw error;
    return ctx.call(ctx.action!.name!, sentParams(ctx), passedTo(ctx, node));
  };
  try {
    const answer = handleHere();
    return isThenable(answer) ? answer.then(undefined, elsewhere) : answer;
  } catch (error) {
    return elsewhere(error);
  }
}

/** Undefined for a call that no node has passed on. */
export const passedOnAs = ({ headers }: Context): unknown => (headers as Record<string, unknown>)[header];

/** @param how a number: the position that the other node's rows have to reach, which refuses the call otherwise */
export const passedTo = (ctx: Context, nodeID: string, how: typeof unlessBehind | true | number = true) => ({
  nodeID,
  headers: { ...ctx.headers, [header]: how },
});

/** Wraps the actions: a call that meets an event of a newer release is served by a node of such a release, if any. */
export const readingNewer = (actions: Actions, newerNodeFor: NewerNodeFor): Actions =>
  wrapped(actions, (ctx, handleHere) => orOnNewer(ctx, newerNodeFor, handleHere));

/** Wraps the actions: a call is served by another host while this one must catch up. */
export const passingOn = (actions: Actions, isBehind: () => boolean): Actions =>
  wrapped(actions, (ctx, handleHere) => whileBehind(ctx, isBehind(), handleHere));

const wrapped = (actions: Actions, wrap: (ctx: Context, handleHere: () => unknown) => unknown): Actions =>
  Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      const { handler, ...rest } = action as ActionSchema;
      if (!handler) return [name, action];
      return [
        name,
        {
          ...rest,
          handler(this: Service, ctx: Context): unknown {
            return wrap(ctx, () => handler.call(this, ctx));
          },
        },
      ];
    }),
  );
