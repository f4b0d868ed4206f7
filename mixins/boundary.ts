import type { ActionHandler, ActionSchema, Context, Service, ServiceBroker } from "moleculer";
import { ValidationError } from "../core/errors.ts";
import { firstUnreadable, isNoJson, isThrowing } from "../core/unreadable.ts";
import { originOf, type Origin } from "./own-actions.ts";
import { asRefusal } from "./params-refusal.ts";

const guarded = new WeakSet<ServiceBroker>();

/**
 * Puts one place in front of every action of this package on a broker: it takes params in as a plain object, and gives
 * each refusal a code, a field and a bounded size. A middleware, because Moleculer's validator runs before a handler and
 * before its hooks. Called in `created`, which comes before the actions of a service are registered.
 */
export function guardActions(broker: ServiceBroker): void {
  if (guarded.has(broker)) return;
  guarded.add(broker);
  broker.middlewares.add({ name: "EventSourcing", localAction: guard });
}

function guard(next: ActionHandler, action: ActionSchema): ActionHandler {
  const origin = originOf(action);
  if (!origin) return next;
  const takeIn = origin === "generated" ? takeInOwn : takeInDeclared;
  return async function (this: Service, ctx: Context): Promise<unknown> {
    try {
      takeIn(ctx);
      return (await next.call(this, ctx)) as unknown;
    } catch (error) {
      throw asRefusal(error, ctx, action.params) ?? unreadable(error, ctx, origin) ?? error;
    }
  };
}

/** A copy: the validator writes defaults and conversions into the params, which may be frozen, or the caller's own. */
function takeInOwn(ctx: Context): void {
  const params = ctx.params ?? {};
  if (!isObject(params)) throw new ValidationError([{ field: "params", found: params, expected: "an object" }]);
  ctx.params = { ...params };
  takeInMeta(ctx);
}

/** The params are the service's own: only their absence is ours, since Moleculer checks `{}` in place of null. */
function takeInDeclared(ctx: Context): void {
  ctx.params ??= {};
  takeInMeta(ctx);
}

function takeInMeta({ meta }: Context): void {
  if (!isObject(meta)) throw new ValidationError([{ field: "meta", found: meta, expected: "an object" }]);
}

/** By its tag: an object of another realm is one, and a Map, a Promise or an array is not. */
const isObject = (given: unknown): given is object => Object.prototype.toString.call(given) === "[object Object]";

/**
 * An error without a code may be the caller's: a getter or a Proxy among the params threw when it was read, or a value
 * was met that cannot become a number or a text. An error of a user's own handler is left alone.
 */
function unreadable(error: unknown, { params, meta }: Context, origin: Origin): ValidationError | null {
  if (typeof (error as { code?: unknown } | null)?.code === "number") return null;
  const isOdd = origin === "generated" ? isNoJson : isThrowing;
  const problem = firstUnreadable("params", params, isOdd) ?? firstUnreadable("meta", meta, isOdd);
  return problem && new ValidationError([problem]);
}
