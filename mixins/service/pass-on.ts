import type { ActionSchema, Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
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
export function otherHostFor({ broker, action, headers, params, meta }: Context): string | null {
  if ((headers as Record<string, unknown>)[header] === true || !action?.name) return null;
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
    return await ctx.call(ctx.action!.name!, ctx.params, { nodeID, headers: { ...ctx.headers, [header]: true } });
  } catch (error) {
    if ((error as { type?: unknown }).type === "ANSWER_TOO_LARGE") return handleHere();
    throw error;
  }
}

/** Wraps the actions: a call is forwarded to the node that `nodeFor` returns, if any. */
export const passingOn = (actions: Actions, nodeFor: (ctx: Context) => string | null): Actions =>
  Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      const { handler, ...rest } = action as ActionSchema;
      if (!handler) return [name, action];
      return [
        name,
        {
          ...rest,
          handler(this: Service, ctx: Context): unknown {
            const nodeID = nodeFor(ctx);
            return nodeID === null ? handler.call(this, ctx) : passOn(ctx, nodeID, () => handler.call(this, ctx));
          },
        },
      ];
    }),
  );
