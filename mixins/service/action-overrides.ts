import type { ActionSchema, ActionVisibility, ServiceSchema } from "moleculer";
import { didYouMean } from "../../core/options/near-name.ts";
import { assertDefinition, assertKnownOptions, assertOptions, isPlainObject } from "../../core/options/options.ts";
import { withoutParams } from "../observability/spans.ts";
import { documentationOf } from "./action-documentation.ts";
import { metadataOf, type PublishedRole, type Role } from "./role.ts";
import { assertNoMisspelt, assertVisibility, type UntypedActionOptions } from "./action-options.ts";

/** Options of Moleculer and its middlewares for an action whose handler and params are this package's. */
export type ActionOverride = Omit<
  ActionSchema,
  "name" | "handler" | "service" | "remoteHandler" | "params" | "visibility"
> &
  UntypedActionOptions & { visibility?: ActionVisibility };

/** By the names of the actions. */
export type ActionOverrides<Names extends string = string> = { readonly [Name in Names]?: ActionOverride };

/** A caller or another node depends on them. */
const ours = ["name", "handler", "params"] as const;
/** Options of an action that are easily written beside `actions`. */
const misplaced = ["visibility", "rest", "hooks"];

/**
 * `assertKnownOptions` for a definition with the option `actions`.
 * @throws DefinitionError
 */
export function assertKnownMixinOptions(owner: string, given: object, known: readonly string[]): void {
  const option = isPlainObject(given) ? misplaced.find((name) => Object.hasOwn(given, name)) : undefined;
  assertDefinition(option === undefined, `${owner}.${option}`, option, `actions: { <action>: { ${option} } }`);
  assertKnownOptions(owner, given, known);
}

/** @throws DefinitionError. `completeSchema` checks the names of the actions, when the service is created. */
export function parseActions(owner: string, given: unknown = {}): ActionOverrides {
  assertOptions(`${owner}.actions`, given, "{ <action>: { visibility, rest, hooks, … } }");
  for (const [action, options] of Object.entries(given as object)) check(`${owner}.actions.${action}`, options);
  return given as ActionOverrides;
}

function check(at: string, options: unknown): void {
  assertOptions(at, options, "options of an action: { visibility, rest, hooks, … }");
  const { visibility, ...others } = options as ActionSchema;
  for (const option of ours)
    assertDefinition(others[option] === undefined, `${at}.${option}`, others[option], "none: the action has its own");
  if (visibility !== undefined) assertVisibility(`${at}.visibility`, visibility);
  assertNoMisspelt(at, others, ["visibility", "hooks", "timeout", ...ours]);
}

/** @throws DefinitionError for the name of an unknown action, since the action that was meant would stay as it is */
export function assertActions(owner: string, given: ActionOverrides, actions: readonly string[]): void {
  for (const action of Object.keys(given)) {
    const expected = `one of the actions ${actions.join(", ")}${didYouMean(action, actions)}`;
    assertDefinition(actions.includes(action), `${owner}.actions.${action}`, action, expected);
  }
}

/**
 * Sets the service's metadata, and adds descriptions and the definition's options to its actions. The default of
 * `visibility` is `public`: Moleculer's own default, `published`, would let an API gateway publish them.
 * @throws DefinitionError for the name of an unknown action
 */
export function completeSchema(
  schema: Pick<ServiceSchema, "name" | "metadata" | "actions">,
  { role, store }: PublishedRole,
  inherited: readonly string[],
  given: ActionOverrides,
): void {
  schema.metadata = metadataOf({ role, store });
  const actions = schema.actions ?? {};
  const names = [...new Set([...inherited, ...Object.keys(actions)])];
  assertActions(schema.name, given, names);
  for (const name of names) {
    const own = actions[name];
    actions[name] = {
      ...(typeof own === "object" ? own : {}),
      ...(typeof own === "function" ? { handler: own } : {}),
      ...withOverride(role, name, given[name]),
    } as ActionSchema;
  }
  schema.actions = actions;
}

/** The options as an action has them. */
export const withOverride = (
  role: Role,
  action: string,
  { visibility = "public", ...options }: ActionOverride = {},
): ActionOverride => ({
  ...documentationOf(role, action),
  ...options,
  ...(options.tracing !== undefined && { tracing: withoutParams(options.tracing) }),
  visibility,
});
