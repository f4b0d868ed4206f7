import type { ActionHandler, ActionSchema, Context, ServiceBroker } from "moleculer";
import { handlerOf } from "./own-actions.ts";

/** Looks up the result that a call with a command id had the first time; null if it is not stored, or cannot be named. */
export type StoredResult = (ctx: Context<object>) => Promise<unknown>;

/** Keyed by the handler: Moleculer clones schemas, but a function keeps its identity. */
const lookups = new WeakMap<object, StoredResult>();

/** Marks the handler of an action that may be repeated after a release whose param rules refuse what was sent before. */
export function markRepeatable<Handler extends object>(handler: Handler, lookup: StoredResult): Handler {
  lookups.set(handler, lookup);
  return handler;
}

/** Answers a call that today's param rules refuse; resolves to null if its command is not stored. */
export type AnswerRepeat = (ctx: Context) => Promise<unknown>;

/**
 * The stored result, passed through the hooks and middlewares that run after Moleculer's validator: one of them may refuse
 * the caller. They are wrapped at the first such call, since hardly any action receives one.
 */
export function repeatsOf(broker: ServiceBroker, action: ActionSchema): AnswerRepeat {
  const lookup = lookups.get(handlerOf(action) ?? action);
  if (!lookup) return () => Promise.resolve(null);
  const found = new WeakMap<Context, unknown>();
  let pass: ActionHandler | undefined;
  return async (ctx) => {
    const result = await lookup(ctx as Context<object>);
    if (result === null) return null;
    found.set(ctx, result);
    pass ??= afterValidator(broker, action, async (same: Context) => found.get(same));
    return pass.call(ctx.service!, ctx);
  };
}

function afterValidator(broker: ServiceBroker, action: ActionSchema, handler: ActionHandler): ActionHandler {
  const { list } = broker.middlewares;
  const inner = list.slice(
    0,
    Math.max(
      0,
      list.findIndex(({ name }) => name === "Validator"),
    ),
  );
  return inner.reduce((next, { localAction }) => localAction?.call(broker, next, action) ?? next, handler);
}
