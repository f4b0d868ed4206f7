import type { ActionSchema } from "moleculer";
import { misspelt } from "../../core/options/near-name.ts";
import { isPlainObject, assertDefinition } from "../../core/options/options.ts";
import { refuseWrongVisibility } from "./visibility.ts";

/** Moleculer's options whose misspelling would leave an action less protected than it says. */
const protecting = ["params", "visibility", "hooks", "timeout"];

/**
 * Checks what is left of an action's options, which are Moleculer's or a middleware's. Any name is allowed, but none that
 * is nearly `own` or one of Moleculer's that protect.
 * @throws DefinitionError
 */
export function checkActionOptions(at: string, action: object, own: readonly string[]): void {
  const { handler, params, visibility } = action as ActionSchema;
  assertDefinition(handler === undefined, `${at}.handler`, handler, `none: the handler is made of ${own.join(", ")}`);
  assertDefinition(
    params === undefined || isPlainObject(params),
    `${at}.params`,
    params,
    "rules by the names of the params",
  );
  if (visibility !== undefined) refuseWrongVisibility(`${at}.visibility`, visibility);
  const known = [...own, ...protecting];
  for (const option of Object.keys(action)) {
    const meant = known.includes(option) ? null : misspelt(option, known);
    assertDefinition(meant === null, `${at}.${option}`, option, `${meant}`);
  }
}
