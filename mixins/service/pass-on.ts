import type { ActionSchema, Context, Service, ServiceBroker, ServiceSchema } from "moleculer";
import { isSendable } from "./message-size.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** In the headers, which belong to one call, and not in the meta, which all calls below it inherit. */
const header = "$passedOn";

interface Endpoint {
  id: string;
  local: boolean;
  isAvailable: boolean;
}

/**
 * Another node that hosts the action, for a call that this one cannot answer soon; null where there is none, and for a
 * call that was passed on to here: two nodes that both have to catch up must not send it to and fro.
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

/** The answer of that node; of this one where no message carries it. */
export async function passOn(ctx: Context, nodeID: string, answerHere: () => unknown): Promise<unknown> {
  try {
    return await ctx.call(ctx.action!.name!, ctx.params, { nodeID, headers: { [header]: true } });
  } catch (error) {
    if ((error as { type?: unknown }).type === "ANSWER_TOO_LARGE") return answerHere();
    throw error;
  }
}

/** The same actions; a call goes to the node that `nodeFor` names, if any. */
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
