import type { ActionSchema, ActionVisibility, ServiceSchema } from "moleculer";

/** Who may call an action, by its name. */
export type Visibilities = Readonly<Record<string, ActionVisibility>>;

/**
 * The actions that a service generates are for the broker alone, unless somebody says otherwise: Moleculer's own default
 * would let an API gateway publish them.
 */
export function setVisibility(
  schema: Pick<ServiceSchema, "actions">,
  inherited: readonly string[],
  given: Visibilities,
): void {
  for (const action of [...inherited, ...Object.keys(schema.actions ?? {})])
    narrow(schema, action, given[action] ?? "public");
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
