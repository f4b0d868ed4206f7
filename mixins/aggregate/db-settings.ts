import { didYouMean } from "../../core/options/near-name.ts";
import { isPlainObject, assertWholeNumber, assertDefinition } from "../../core/options/options.ts";

/** moleculer-db's settings for reading. */
export interface DbSettings {
  /** The rows per page of `list`. Default 10. */
  pageSize?: number;
  /** The most rows per page of `list`. Default 100. */
  maxPageSize?: number;
  /** The most rows that `find` returns. Default -1: no limit. */
  maxLimit?: number;
  populates?: Record<string, unknown>;
  excludeFields?: string[];
}

/** The names of the settings. */
export const dbSettings = [
  "pageSize",
  "maxPageSize",
  "maxLimit",
  "populates",
  "excludeFields",
] satisfies (keyof DbSettings)[];

/**
 * Checks the settings. A misspelt name in `excludeFields` is rejected, because its field would be in every result.
 * @throws DefinitionError
 */
export function assertDbSettings(owner: string, settings: DbSettings, fields: readonly string[]): void {
  const { pageSize, maxPageSize, maxLimit, populates, excludeFields } = settings;
  assertWholeNumber(`${owner}.pageSize`, pageSize);
  assertWholeNumber(`${owner}.maxPageSize`, maxPageSize);
  assertWholeNumber(`${owner}.maxLimit`, maxLimit, -1);
  const isPopulates = populates === undefined || isPlainObject(populates);
  assertDefinition(isPopulates, `${owner}.populates`, populates, "an object: {<field>: <action or rule>}");
  if (excludeFields === undefined) return;
  assertDefinition(Array.isArray(excludeFields), `${owner}.excludeFields`, excludeFields, "an array of fields");
  const known = ["id", ...fields];
  for (const [index, field] of excludeFields.entries()) {
    const first = typeof field === "string" ? field.split(".")[0]! : "";
    const expected = `one of the fields ${known.join(", ")}${didYouMean(first, known)}`;
    assertDefinition(known.includes(first), `${owner}.excludeFields.${index}`, field, expected);
  }
}
