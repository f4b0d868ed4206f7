import type { ActionHandler, ActionSchema, Context, Service, ServiceBroker } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import { firstUnreadable, isNoJson, isThrowing } from "../../core/errors/unreadable.ts";
import { refuseWriteInFold } from "./in-fold.ts";
import { sendable } from "./message-size.ts";
import { originOf, type Origin } from "./own-actions.ts";
import { asRefusal } from "./params-refusal.ts";
import { dryRunFlag } from "./dry-run-flag.ts";

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
  const takeIn = origin === "generated" ? takingInOwn(action.params) : takeInDeclared;
  return async function (this: Service, ctx: Context): Promise<unknown> {
    try {
      takeIn(ctx);
      refuseWriteInFold(ctx, action, origin, dryRunFlag in ctx.meta);
      const answer: unknown = await next.call(this, ctx);
      return origin === "generated" ? sendable(ctx, answer) : answer;
    } catch (error) {
      throw asRefusal(error, ctx, action.params) ?? unreadable(error, ctx, origin) ?? error;
    }
  };
}

/**
 * A copy: the validator writes defaults and conversions into the params, which may be frozen, or the caller's own. An
 * optional param that is null is left out, since the validator takes null for absent.
 */
function takingInOwn(rules: ActionSchema["params"] = {}): (ctx: Context) => void {
  const optional = Object.keys(rules).filter((name) => isOptional(rules[name] as Rule));
  return (ctx) => {
    const given = ctx.params ?? {};
    if (!isObject(given)) throw new ValidationError([{ field: "params", found: given, expected: "an object" }]);
    const params: Record<string, unknown> = { ...given };
    for (const name of optional) if (params[name] === null) delete params[name];
    ctx.params = params;
    takeInMeta(ctx);
  };
}

type Rule = string | { type?: string; optional?: boolean; nullable?: boolean } | Rule[] | undefined;

/** Of `any`, null is a value: a payload may be null. */
function isOptional(rule: Rule): boolean {
  if (Array.isArray(rule)) return rule.every(isOptional);
  if (typeof rule === "string") return /\boptional\b|\?$/.test(rule) && !rule.includes("nullable");
  return rule?.optional === true && rule.nullable !== true && rule.type !== "any";
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
  // Of the validator, which has no words for a symbol; what a domain throws has another name.
  const isOfType = error instanceof Error && (error.name === "TypeError" || error.name === "RangeError");
  const isOdd = origin === "generated" || isOfType ? isNoJson : isThrowing;
  const problem = firstUnreadable("", params, isOdd) ?? firstUnreadable("meta", meta, isOdd);
  return problem && new ValidationError([problem]);
}
