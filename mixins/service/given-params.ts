import { Validators, type ActionSchema, type Service, type ServiceSchema } from "moleculer";
import { paramsOf } from "../../core/catalogue/payload-schema.ts";
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

/** A broker with another validator gets the params as they were written. `merged` runs before Moleculer compiles them. */
export const restoresParams = {
  merged(this: Service, { actions = {} }: ServiceSchema): void {
    if (this.broker.validator instanceof Validators.Fastest) return;
    for (const action of Object.values(actions)) {
      if (typeof action !== "object" || !action.handler || !given.has(action.handler)) continue;
      const params = given.get(action.handler);
      if (params === undefined) delete action.params;
      else action.params = params;
    }
  },
};
