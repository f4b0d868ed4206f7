import type { ActionSchema } from "moleculer";
import { isStandardSchema } from "../../core/catalogue/standard-schema.ts";
import { misspelt } from "../../core/options/near-name.ts";
import { isPlainObject, assertDefinition } from "../../core/options/options.ts";
import { isReservedOption, reserved } from "../../core/options/reserved.ts";

/** Options that actions have in Moleculer or its gateway, and Moleculer's `ActionSchema` lacks. */
export interface UntypedActionOptions {
  /** moleculer-web's alias. */
  rest?: string | string[] | Record<string, unknown>;
  /** The time after which a call without a `timeout` of its own fails, in milliseconds, in place of `requestTimeout`. */
  timeout?: number;
  /** What the action does, for tools and agents. */
  description?: string;
  /** For @moleculer/mcp-server, which publishes every action as a tool that is not `false`. */
  mcp?: boolean | Record<string, unknown>;
}

/** Options of Moleculer. A misspelt one would be ignored, and leave the action unprotected. */
const protecting = ["params", "visibility", "hooks", "timeout"];

const visibilities: readonly unknown[] = ["published", "public", "protected", "private"];

/**
 * Checks the options of an action that are not of this package. A middleware may define any name, so unknown names are
 * allowed, except reserved ones and those that look like a misspelt name of `own` or of `protecting`.
 * @throws DefinitionError
 */
export function checkActionOptions(at: string, action: object, own: readonly string[]): void {
  const { handler, params, visibility } = action as ActionSchema;
  assertDefinition(handler === undefined, `${at}.handler`, handler, `no handler: it is created from ${own.join(", ")}`);
  assertDefinition(
    params === undefined || isPlainObject(params) || isStandardSchema(params),
    `${at}.params`,
    params,
    "rules by the names of the params, or a Standard Schema",
  );
  if (visibility !== undefined) assertVisibility(`${at}.visibility`, visibility);
  for (const option of Object.keys(action))
    assertDefinition(!isReservedOption(option), `${at}.${option}`, option, reserved);
  assertNoMisspelt(at, action, [...own, ...protecting]);
}

/** @throws DefinitionError */
export function assertVisibility(field: string, found: unknown): void {
  const expected = 'one of "published", "public", "protected" and "private"';
  assertDefinition(visibilities.includes(found), field, found, expected);
}

/** @throws DefinitionError for an option that looks like a misspelt one of `known` */
export function assertNoMisspelt(at: string, action: object, known: readonly string[]): void {
  for (const option of Object.keys(action)) {
    const meant = known.includes(option) ? null : misspelt(option, known);
    assertDefinition(meant === null, `${at}.${option}`, option, `${meant}`);
  }
}
