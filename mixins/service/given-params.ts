import { Validators, type ActionSchema, type Service, type ServiceBroker, type ServiceSchema } from "moleculer";
import { paramsOf, throwOtherLibrary } from "../../core/catalogue/payload-schema.ts";
import { ruleProblem } from "../../core/catalogue/rule-problem.ts";
import { isStandardSchema, type StandardSchema } from "../../core/catalogue/standard-schema.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isLiteral } from "../../core/options/options.ts";
import { givenParams, takeRules, type GivenParams, type Params } from "./action-params.ts";
import { guardActions } from "./boundary.ts";
import { isGenerated } from "./own-actions.ts";

/** Undefined for a Standard Schema, which Moleculer's own validator cannot check. */
export function strictParams(params: Params): Params {
  if (params === undefined || isStandardSchema(params)) return undefined;
  return isLiteral(params) ? (paramsOf(params) as Params) : params;
}

/**
 * Determines who checks the params of this package's actions. Moleculer's own validator checks them all. A broker's other
 * validator gets those that authors wrote, as they were written; the rules of this package, and a Standard Schema that the
 * validator cannot compile, are checked by the middleware of `boundary.ts`. `merged` runs before Moleculer compiles them.
 */
export const preparesParams = {
  merged(this: Service, { name: service, actions = {} }: ServiceSchema): void {
    guardActions(this.broker);
    for (const [name, action] of Object.entries(actions))
      if (typeof action === "object" && action.handler) prepare(`${service}.${name}.params`, action, this.broker);
  },
};

function prepare(at: string, action: ActionSchema, { validator }: ServiceBroker): void {
  const given = givenParams(action);
  const isOwn = given ? given.params === undefined : isGenerated(action.handler);
  if (validator instanceof Validators.Fastest) {
    if (given) assertRules(at, given, action.params, validator);
  } else if (isOwn) takeRules(action);
  else if (given) giveParams(action, given.params, validator);
}

function giveParams(action: ActionSchema, params: GivenParams["params"], validator: unknown): void {
  if (isStandardSchema(params) && !compiles(params, validator as Compiler | undefined)) delete action.params;
  else action.params = params as NonNullable<Params>;
}

interface Compiler {
  compile(schema: object): unknown;
}

/**
 * False for a function, which Moleculer does not validate, and for a schema with hidden members, such as zod's, which
 * Moleculer's clone omits.
 */
function compiles(schema: StandardSchema, validator: Compiler | undefined): boolean {
  const hasHidden = Object.getOwnPropertyNames(schema).length > Object.keys(schema).length;
  if (!validator || typeof schema === "function" || hasHidden) return false;
  try {
    validator.compile(schema);
    return true;
  } catch {
    return false;
  }
}

/** Moleculer's error for a rule that it cannot compile names neither the action nor the field. @throws DefinitionError */
function assertRules(at: string, given: GivenParams, params: Params, validator: Compiler): void {
  if (params === undefined || !isLiteral(params) || (params as { $$root?: unknown }).$$root === true) return;
  for (const [name, rule] of Object.entries(given.params ?? {}))
    if (isStandardSchema(rule)) throwOtherLibrary(`${at}.${name}`, rule);
  const problem = ruleProblem(at, params, (rules) => validator.compile({ ...rules }));
  if (problem) throw new DefinitionError(problem);
}
