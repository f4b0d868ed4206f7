import type { ActionSchema, Service, ServiceSchema } from "moleculer";
import { withoutParams } from "../observability/spans.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** Where an action comes from: `generated` by this package, or `declared` by a user's service with params of its own. */
export type Origin = "generated" | "declared";

/** Keyed by the handler: Moleculer clones and merges schemas, but a function keeps its identity. */
const origins = new WeakMap<object, Origin>();

/** Marks the handler of an action, so that the middleware of `boundary.ts` applies to it. */
export function markOrigin<Handler extends object>(handler: Handler, origin: Origin): Handler {
  origins.set(handler, origin);
  return handler;
}

/** Marks the actions that a service generates, and omits their params from the tags of spans. */
export function ownActions(actions: Actions): Actions {
  return Object.fromEntries(
    Object.entries(actions).map(([name, action]) => {
      if (typeof action === "boolean") return [name, action];
      const own: ActionSchema = typeof action === "function" ? { handler: action } : action;
      // The handler of a command is already marked as declared.
      if (own.handler && !origins.has(own.handler)) markOrigin(own.handler, "generated");
      return [name, { ...own, tracing: withoutParams(own.tracing) }];
    }),
  );
}

/** Whether a handler, before its action is registered, is that of an action which this package generates. */
export const isGenerated = (handler: object | undefined): boolean =>
  handler !== undefined && origins.get(handler) === "generated";

/** The origin of a registered action; null if its handler does not belong to this package. */
export function originOf(action: ActionSchema): Origin | null {
  const handler = handlerOf(action);
  return (handler && origins.get(handler)) ?? null;
}

/** The handler of a registered action as its service declares it: the registered one is bound to the service. */
export function handlerOf(action: ActionSchema): object | undefined {
  const { service, rawName } = action as ActionSchema & { service?: Service; rawName?: string };
  for (const [key, declared] of Object.entries(service?.schema.actions ?? {})) {
    if (typeof declared === "boolean") continue;
    const { name = key, handler }: ActionSchema = typeof declared === "function" ? { handler: declared } : declared;
    if (name === rawName) return handler;
  }
  return undefined;
}
