import type { Service, ServiceSchema } from "moleculer";
import { DefinitionError } from "../../core/errors/errors.ts";
import { described } from "../../core/errors/problem.ts";

/**
 * An element of a service's `mixins`, as Moleculer types it. An interface has a name, by which the declarations of a
 * user's services refer to it.
 */
export interface Mixin extends Partial<ServiceSchema> {}

/**
 * A member of a definition that refuses the definition itself as a mixin or as a service. Moleculer calls it, and would
 * otherwise merge the definition's members into the service and start it without what it defines.
 */
export const noMixin = (kind: string, name: string): object => ({
  merged(schema: ServiceSchema): never {
    throw new DefinitionError({
      field: `${schema.name}.mixins`,
      found: described(`the ${kind} ${name} itself`),
      expected: "the result of its mixin(): mixins: [<definition>.mixin()]",
    });
  },
});

/**
 * Refuses a function among a service's mixins, such as `events.mixin` without the call: Moleculer takes it for an empty
 * schema. Seen only where another mixin of this package is among them.
 */
export function assertMixinsAreCalled({ name, originalSchema }: Service): void {
  const { mixins = [] } = originalSchema;
  const index = [mixins].flat().findIndex((mixin: unknown) => typeof mixin === "function");
  if (index < 0) return;
  throw new DefinitionError({
    field: `${name}.mixins.${index}`,
    found: described("a function"),
    expected: "a mixin: the result of a call, as in mixins: [<definition>.mixin()]",
  });
}
