import type { ActionHandler, ActionSchema, Context, Service, ServiceBroker } from "moleculer";
import { DefinitionError, ValidationError } from "../../core/errors/errors.ts";
import { described } from "../../core/errors/problem.ts";
import { firstUnreadable, isNoJson, isThrowing } from "../../core/errors/unreadable.ts";
import { version } from "../../core/version.ts";
import { foldToken } from "./fold-token.ts";
import { assertNoWriteInFold } from "./in-fold.ts";
import { assertAnswerFits, isFromAnotherNode, isMeasuredBefore } from "./message-size.ts";
import { assertProtocol, isInner } from "./between-nodes.ts";
import { assertInheritedDepth, depthField } from "./causation-depth.ts";
import { originOf, type Origin } from "./own-actions.ts";
import { isOwnRefusal, toValidationError } from "./params-refusal.ts";
import { repeatsOf } from "./repeated-call.ts";
import { isDryRun } from "./dry-run-flag.ts";
import {
  declaredFieldsOf,
  foreignParams,
  mayDeclareId,
  paramsCheckOf,
  rulesOf,
  withHiddenId,
} from "./action-params.ts";
import { recordSent, sentHash } from "./sent-params.ts";
import { withTextId } from "../../core/event/params-id.ts";
import { hasMisplacedId, headerCommandId } from "./command-header.ts";

/** The property of a broker with the copy of this package that guards it. Every copy in the process has this symbol. */
const guardedBy = Symbol.for("moleculer-event-sourcing");
const thisCopy = { version };

type Guarded = ServiceBroker & { [guardedBy]?: typeof thisCopy };

/**
 * Registers a middleware around every action of this package on a broker. It copies params into a plain object, and gives
 * each validation error a code, a field and a bounded size. Hooks would be too late: Moleculer's validator runs before
 * them. Call it in `merged`, before Moleculer wraps the actions of the service.
 * @throws DefinitionError if another copy of this package is in use on the broker: neither would know the other's services
 */
export function guardActions(broker: Guarded): void {
  const known = broker[guardedBy];
  if (known === thisCopy) return;
  if (known)
    throw new DefinitionError({
      field: "moleculer-event-sourcing",
      found: described(`two copies of the package on one broker, versions ${known.version} and ${version}`),
      expected: "one: `npm ls moleculer-event-sourcing` shows where they come from",
    });
  broker[guardedBy] = thisCopy;
  broker.middlewares.add({ name: "EventSourcing", localAction: guard });
}

function guard(this: ServiceBroker, next: ActionHandler, action: ActionSchema): ActionHandler {
  const origin = originOf(action);
  if (!origin) return next;
  const isGenerated = origin === "generated";
  const isBetweenNodes = isInner(action);
  const rules = rulesOf(action);
  const prepare = isGenerated ? paramsCopier(rules) : declaredParams(action, this.validator);
  const check = paramsCheckOf(action);
  const storedResult = repeatsOf(this, action);
  let warnsOfMeta = !isBetweenNodes && (!isGenerated || (action as { rawName?: string }).rawName === "append");
  return async function (this: Service, ctx: Context): Promise<unknown> {
    try {
      if (isBetweenNodes) assertProtocol(ctx);
      prepare(ctx);
      const { meta } = ctx;
      if (!isObject(meta)) throw new ValidationError([{ field: "meta", found: meta, expected: "an object" }]);
      if (warnsOfMeta && hasMisplacedId(ctx) && !isOfOwnAction(ctx)) {
        // A warning, not a refusal: the field may be one of the user's own. Once, as it would come with every call.
        warnsOfMeta = false;
        ctx.broker.logger.warn(
          `${action.name}: found a commandId in meta, where it has no effect: send it as headers.commandId of the call`,
        );
      }
      if (depthField in meta) assertInheritedDepth(ctx);
      if (foldToken in meta) assertNoWriteInFold(ctx, action, origin, isDryRun(ctx));
      if (check) await check(ctx);
      const answer: unknown = await next.call(this, ctx);
      if (isGenerated && isFromAnotherNode(ctx) && !isMeasuredBefore(ctx)) assertAnswerFits(ctx, answer);
      return answer;
    } catch (error) {
      // A later release may refuse what was stored before, and its caller must not take the command for refused.
      const stored = isOwnRefusal(error, ctx) && sentHash(ctx) !== undefined ? await storedResult(ctx) : null;
      if (stored !== null) return stored;
      throw toValidationError(error, ctx, rules, isGenerated) ?? unreadable(error, ctx, origin) ?? error;
    }
  };
}

/** Whether an action of this package makes the call, which inherits the meta of a call that was checked. */
const isOfOwnAction = ({ options }: Context): boolean => {
  const caller = options.parentCtx?.action;
  return caller !== undefined && caller !== null && originOf(caller) !== null;
};

/**
 * Copies the params, because the validator writes defaults and conversions into them, and the caller's object may be
 * frozen or in use. Omits optional params that are null, because the validator treats null as absent.
 */
function paramsCopier(rules: ActionSchema["params"] = {}): (ctx: Context) => void {
  const optional = Object.keys(rules).filter((name) => isOptional(rules[name] as Rule));
  return (ctx) => {
    const given = ctx.params ?? {};
    if (!isObject(given)) throw new ValidationError([{ field: "params", found: given, expected: "an object" }]);
    const params: Record<string, unknown> = { ...given };
    for (const name of optional) if (params[name] === null) delete params[name];
    ctx.params = params;
  };
}

type Rule = string | { type?: string; optional?: boolean; nullable?: boolean } | Rule[] | undefined;

/** False for the type `any`, where null is a value: a payload may be null. */
function isOptional(rule: Rule): boolean {
  if (Array.isArray(rule)) return rule.every(isOptional);
  if (typeof rule === "string") return /\boptional\b|\?$/.test(rule) && !rule.includes("nullable");
  return rule?.optional === true && rule.nullable !== true && rule.type !== "any";
}

/** The service's own rules check these params. Only null becomes `{}`, as in Moleculer's validator. */
function declaredParams(action: ActionSchema, validator: unknown): (ctx: Context) => void {
  const fields = declaredFieldsOf(action);
  const foreign = foreignParams(action, validator);
  const hidesId = foreign !== null && foreign.addsId && !mayDeclareId(foreign.params as object);
  return (ctx) => {
    ctx.params = withTextId(ctx.params ?? {}, fields);
    if (headerCommandId(ctx) !== undefined) recordSent(ctx);
    if (hidesId) ctx.params = withHiddenId(ctx.params);
  };
}

/** Compares the tag: true also for an object of another realm, false for a Map, a Promise or an array. */
const isObject = (given: unknown): given is object => Object.prototype.toString.call(given) === "[object Object]";

/**
 * The ValidationError for params that caused an error without a code: a getter or a Proxy threw when it was read, or a
 * value cannot be converted to a number or a string. Null for any other error, such as one of a user's own handler.
 */
function unreadable(error: unknown, { params, meta }: Context, origin: Origin): ValidationError | null {
  if (typeof (error as { code?: unknown } | null)?.code === "number") return null;
  // The validator throws these for a symbol. A domain's errors have other names.
  const isOfType = error instanceof Error && (error.name === "TypeError" || error.name === "RangeError");
  const isOdd = origin === "generated" || isOfType ? isNoJson : isThrowing;
  const problem = firstUnreadable("", params, isOdd) ?? firstUnreadable("meta", meta, isOdd);
  return problem && new ValidationError([problem]);
}
