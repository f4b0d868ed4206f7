import type { ActionSchema, Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { newerEventOf, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import { isSendable } from "./message-size.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** A header belongs to one call; meta would be inherited by all nested calls. */
const header = "$passedOn";

interface Endpoint {
  id: string;
  local: boolean;
  isAvailable: boolean;
}

/**
 * The id of another node that hosts the action, for a call that this node cannot serve soon. Null if there is none, or if
 * the call was already forwarded: two nodes that both have to catch up must not forward it back and forth.
 */
export function otherHostFor(ctx: Context): string | null {
  const { broker, action, params, meta } = ctx;
  if (isPassedOn(ctx) || !action?.name) return null;
  const others = endpointsOf(broker, action.name).filter(({ local, isAvailable }) => !local && isAvailable);
  const other = others[Math.floor(Math.random() * others.length)];
  return other && isSendable(broker, action.name, params, { meta, nodeID: other.id }) ? other.id : null;
}

function endpointsOf(broker: ServiceBroker, action: string): readonly Endpoint[] {
  const list = broker.registry.actions.get(action) as { endpoints: Endpoint[] } | undefined;
  return list?.endpoints ?? [];
}

/** Forwards the call to the node. Calls `handleHere` if the node's result does not fit into one message. */
export async function passOn(ctx: Context, nodeID: string, handleHere: () => unknown): Promise<unknown> {
  try {
    return await ctx.call(ctx.action!.name!, ctx.params, passedTo(ctx, nodeID));
  } catch (error) {
    if ((error as { type?: unknown }).type === "ANSWER_TOO_LARGE") return handleHere();
    throw error;
  }
}

type NewerNodeFor = (ctx: Context, newer: NewerEvent) => string | null;

/** Serves the call here; if only a newer release can read an event, on the node of such a release. */
export async function orOnNewer(
  ctx: Context,
  newerNodeFor: NewerNodeFor,
  handleHere: () => unknown,
  /** The params as they were sent, if the handler's have been converted. */
  params: unknown = ctx.params,
): Promise<unknown> {
  try {
    return await handleHere();
  } catch (error) {
    const newer = newerEventOf(error);
    const node = newer && !isPassedOn(ctx) ? newerNodeFor(ctx, newer) : null;
    if (node === null) throw error;
    return ctx.call(ctx.action!.name!, params, passedTo(ctx, node));
  }
}

const isPassedOn = ({ headers }: Context): boolean => (headers as Record<string, unknown>)[header] === true;

const passedTo = (ctx: Context, nodeID: string) => ({ nodeID, headers: { ...ctx.headers, [header]: true } });

/** Wraps the actions: a call that meets an event of a newer release is served by a node of such a release, if any. */
export const readingNewer = (actions: Actions, newerNodeFor: NewerNodeFor): Actions =>
  wrapped(actions, (ctx, handleHere) => orOnNewer(ctx, newerNodeFor, handleHere));

/** Wraps the actions: a call is forwarded to the node that `nodeFor` returns, if any. */
export const passingOn = (actions: Actions, nodeFor: (ctx: Context) => string | null): Actions =>
  wrapped(actions, (ctx, handleHere) => {
    const nodeID = nodeFor(ctx);
    return nodeID === null ? handleHere() : passOn(ctx, nodeID, handleHere);
  });

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
