import type { ActionSchema, ActionVisibility, ServiceSchema } from "moleculer";
import { didYouMean } from "../../core/options/near-name.ts";
import { assertOptions, assertDefinition } from "../../core/options/options.ts";

/** The `visibility` of generated actions, by their names. */
export type Visibilities = Readonly<Record<string, ActionVisibility>>;

const visibilities: readonly unknown[] = ["published", "public", "protected", "private"];

/** @throws DefinitionError */
export function assertVisibility(field: string, found: unknown): void {
  const expected = 'one of "published", "public", "protected" and "private"';
  assertDefinition(visibilities.includes(found), field, found, expected);
}

/** @throws DefinitionError. `setVisibility` checks the names of the actions, when the service is created. */
export function parseVisibilities(owner: string, given: unknown = {}): Visibilities {
  assertOptions(`${owner}.visibility`, given, "{<action>: <visibility>}");
  for (const [action, visibility] of Object.entries(given as object))
    assertVisibility(`${owner}.visibility.${action}`, visibility);
  return given as Visibilities;
}

/**
 * Sets the visibility of all actions. The default is `public`: Moleculer's own default, `published`, would let an API
 * gateway publish them.
 * @throws DefinitionError for the name of an unknown action, since the action that was meant would stay visible
 */
export function setVisibility(
  schema: Pick<ServiceSchema, "name" | "actions">,
  inherited: readonly string[],
  given: Visibilities,
): void {
  const actions = [...inherited, ...Object.keys(schema.actions ?? {})];
  for (const action of Object.keys(given)) {
    const expected = `one of the actions ${actions.join(", ")}${didYouMean(action, actions)}`;
    assertDefinition(actions.includes(action), `${schema.name}.visibility.${action}`, action, expected);
  }
  for (const action of actions) narrow(schema, action, given[action] ?? "public");
}

function narrow(schema: Pick<ServiceSchema, "actions">, action: string, visibility: ActionVisibility): void {
  const actions = schema.actions ?? {};
  const own = actions[action];
  actions[action] = {
    ...(typeof own === "object" ? own : {}),
    ...(typeof own === "function" ? { handler: own } : {}),
    visibility,
  } as ActionSchema;
  schema.actions = actions;
}
