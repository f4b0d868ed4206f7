import { Validators, type ActionSchema, type Service, type ServiceSchema } from "moleculer";
import { paramsOf } from "../../core/catalogue/payload-schema.ts";
import { ruleProblem } from "../../core/catalogue/rule-problem.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isLiteral } from "../../core/options/options.ts";

type Params = ActionSchema["params"];

/** The params as an author wrote them. Keyed by the handler: Moleculer clones schemas, but a function keeps its identity. */
const given = new WeakMap<object, Params>();

/** The options of an action with strict params for Moleculer's own validator. `params` of another validator are unchanged. */
export function withParams<Options extends ActionSchema>(options: Options, params: Params, strict: Params): Options {
  if (options.handler) given.set(options.handler, params);
  return strict === undefined ? options : { ...options, params: strict };
}

export const strictParams = (params: Params): Params =>
  params === undefined || !isLiteral(params) ? params : (paramsOf(params) as Params);

/**
 * Checks the rules of params, and gives them to a broker with another validator as they were written. `merged` runs before
 * Moleculer compiles them.
 */
export const restoresParams = {
  merged(this: Service, { name: service, actions = {} }: ServiceSchema): void {
    const { validator } = this.broker;
    for (const [name, action] of Object.entries(actions)) {
      if (typeof action !== "object" || !action.handler || !given.has(action.handler)) continue;
      if (validator instanceof Validators.Fastest) {
        assertRules(`${service}.${name}.params`, action.params, validator);
        continue;
      }
      const params = given.get(action.handler);
      if (params === undefined) delete action.params;
      else action.params = params;
    }
  },
};

/** Moleculer's error for a rule that it cannot compile names neither the action nor the field. @throws DefinitionError */
function assertRules(at: string, params: Params, validator: InstanceType<typeof Validators.Fastest>): void {
  if (params === undefined || !isLiteral(params) || (params as { $$root?: unknown }).$$root === true) return;
  const problem = ruleProblem(at, params, (rules) => validator.compile({ ...rules }));
  if (problem) throw new DefinitionError(problem);
}
