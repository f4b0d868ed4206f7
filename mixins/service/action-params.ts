import { Errors, Validators, type ActionSchema, type Context } from "moleculer";
import { declaredFields } from "../../core/catalogue/declared-fields.ts";
import { issueProblems } from "../../core/catalogue/issue-problems.ts";
import { isStandardSchema, validate, type StandardSchema } from "../../core/catalogue/standard-schema.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import { isPlainObject } from "../../core/options/options.ts";
import { handlerOf } from "./own-actions.ts";

export type Params = ActionSchema["params"];

/** The params of an action as its author wrote them. */
export interface GivenParams {
  params: Params | StandardSchema;
  /** A command: its `id` is this package's unless the author declares one. */
  addsId: boolean;
}

/** Keyed by the handler: Moleculer clones schemas, but a function keeps its identity. */
const given = new WeakMap<object, GivenParams>();

/** A property of an action. Unlike a WeakMap's key it survives Moleculer's clone. */
const ownRules = Symbol("the rules that this package checks");

type Own = ActionSchema & { [ownRules]?: Params };

/** The options of an action with strict params for Moleculer's own validator. `params` of another validator are unchanged. */
export function withParams<Options extends ActionSchema>(
  options: Options,
  params: GivenParams,
  strict: Params,
): Options {
  if (options.handler) given.set(options.handler, params);
  return strict === undefined ? options : { ...options, params: strict };
}

export const givenParams = ({ handler }: ActionSchema): GivenParams | undefined => handler && given.get(handler);

/** Takes rules of this package from Moleculer's validator, which is another one than the rules are for. */
export function takeRules(action: Own): void {
  if (action.params === undefined) return;
  action[ownRules] = action.params;
  delete action.params;
}

/** fastest-validator's rules for an action's params, whether Moleculer or this package checks them. */
export const rulesOf = (action: Own): Params => action[ownRules] ?? action.params;

/** The params that a broker's other validator checks; null if there are none. */
export function foreignParams(action: ActionSchema, validator: unknown): GivenParams | null {
  if (validator instanceof Validators.Fastest || action.params === undefined) return null;
  return givenOf(action) ?? null;
}

/** The fields of params, each with its rule, for whichever validator they are. Empty if the schema does not show them. */
export function declaredFieldsOf(action: Own): Readonly<Record<string, unknown>> {
  const params = givenOf(action)?.params ?? rulesOf(action);
  return (params && declaredFields(params)) ?? {};
}

const givenOf = (action: ActionSchema): GivenParams | undefined => given.get(handlerOf(action) ?? action);

export type ParamsCheck = (ctx: Context) => void | Promise<void>;

/** The check of an action's params by this package; null if Moleculer's validator makes it. */
export function paramsCheckOf(action: Own): ParamsCheck | null {
  const rules = action[ownRules];
  if (rules) return byRules(rules);
  const { params, addsId = false } = givenOf(action) ?? {};
  return action.params === undefined && isStandardSchema(params) ? bySchema(params, addsId) : null;
}

/** Configured as Moleculer's default, so that the rules mean the same on every broker. */
const fastest = new Validators.Fastest({});

function byRules(rules: NonNullable<Params>): ParamsCheck {
  const check = fastest.compile(rules);
  return (ctx) => {
    const found: unknown = check((ctx.params ?? {}) as Record<string, unknown>, { meta: { ctx } });
    if (!Array.isArray(found)) return;
    // In the form of Moleculer's own validator.
    const findings = (found as object[]).map((finding) => ({ ...finding, action: ctx.action?.name }));
    throw new Errors.ValidationError("Parameters validation error!", "VALIDATION_ERROR", findings);
  };
}

function bySchema(schema: StandardSchema, addsId: boolean): ParamsCheck {
  const isIdApart = addsId && !mayDeclareId(schema);
  return async (ctx) => {
    const params: unknown = ctx.params ?? {};
    const { id, ...others } = params as { id?: unknown };
    const value = await checkedBy(schema, isIdApart && isPlainObject(params) ? others : params);
    const isWithoutId = addsId && id !== undefined && isPlainObject(value) && !("id" in (value as object));
    ctx.params = isWithoutId ? { id, ...(value as object) } : value;
  };
}

const refusals = new WeakSet<object>();

/** Whether a Standard Schema refused params. */
export const isBySchema = (error: unknown): boolean => refusals.has(error as object);

/** The params that a Standard Schema returns, perhaps asynchronously, unlike those of payloads. @throws ValidationError */
export async function checkedBy(schema: StandardSchema, params: unknown): Promise<unknown> {
  const result = validate(schema, params);
  const checked = "later" in result ? await result.later : result.now;
  if (!checked.issues) return checked.value;
  const error = new ValidationError(issueProblems("", "params", params, checked.issues));
  refusals.add(error);
  throw error;
}

/** False if the fields of params are known and `id` is none of them. */
export function mayDeclareId(params: object): boolean {
  const fields = declaredFields(params);
  return fields === null || "id" in fields;
}

const reached = new WeakSet<Context>();

/**
 * Called first by the handler of a declared action: its params are valid. A command's `id`, which another validator must
 * not see, becomes a field like any other.
 */
export function reachHandler(ctx: Context): void {
  reached.add(ctx);
  const { id } = (ctx.params ?? {}) as { id?: unknown };
  if (id !== undefined && !Object.keys(ctx.params as object).includes("id"))
    ctx.params = { id, ...(ctx.params as object) };
}

export const hasReachedHandler = (ctx: Context): boolean => reached.has(ctx);

/**
 * A copy whose `id` no validator lists: it may refuse or remove it as undeclared. Hooks, which run before the handler, can
 * read it.
 */
export function withHiddenId(params: unknown): unknown {
  if (!isPlainObject(params)) return params;
  const { id, ...others } = params as { id?: unknown };
  return Object.defineProperty(others, "id", { value: id, configurable: true, writable: true });
}
