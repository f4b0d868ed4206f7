import { didYouMean } from "../../core/options/near-name.ts";
import { isPlainObject, assertWholeNumber, assertDefinition } from "../../core/options/options.ts";

/** moleculer-db's own settings of a service, those that concern reading. */
export interface DbSettings {
  /** Rows on a page of `list`. Default 10. */
  pageSize?: number;
  /** Most rows on a page of `list`. Default 100. */
  maxPageSize?: number;
  /** Most rows that `find` answers. Default -1: no limit. */
  maxLimit?: number;
  populates?: Record<string, unknown>;
  excludeFields?: string[];
}

export const dbSettings = [
  "pageSize",
  "maxPageSize",
  "maxLimit",
  "populates",
  "excludeFields",
] satisfies (keyof DbSettings)[];

/**
 * A misspelt name among the excluded fields would leave its field in every answer.
 * @throws DefinitionError
 */
export function refuseWrongDbSettings(owner: string, settings: DbSettings, fields: readonly string[]): void {
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
