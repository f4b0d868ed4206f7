import type { ActionSchema, ActionVisibility, ServiceSchema } from "moleculer";

/** Who may call an action, by its name. */
export type Visibilities = Readonly<Record<string, ActionVisibility>>;

export function narrow(schema: Pick<ServiceSchema, "actions">, action: string, visibility: ActionVisibility): void {
  const actions = schema.actions ?? {};
  const own = actions[action];
  actions[action] = {
    ...(typeof own === "object" ? own : {}),
    ...(typeof own === "function" ? { handler: own } : {}),
    visibility,
  } as ActionSchema;
  schema.actions = actions;
}
