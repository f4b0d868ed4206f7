import { didYouMean } from "../../core/options/near-name.ts";
import { isPlainObject, refuseNoWhole, refuseUnless } from "../../core/options/options.ts";

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
  refuseNoWhole(`${owner}.pageSize`, pageSize);
  refuseNoWhole(`${owner}.maxPageSize`, maxPageSize);
  refuseNoWhole(`${owner}.maxLimit`, maxLimit, -1);
  const isPopulates = populates === undefined || isPlainObject(populates);
  refuseUnless(isPopulates, `${owner}.populates`, populates, "an object: {<field>: <action or rule>}");
  if (excludeFields === undefined) return;
  refuseUnless(Array.isArray(excludeFields), `${owner}.excludeFields`, excludeFields, "an array of fields");
  const known = ["id", ...fields];
  for (const [index, field] of excludeFields.entries()) {
    const first = typeof field === "string" ? field.split(".")[0]! : "";
    const expected = `one of the fields ${known.join(", ")}${didYouMean(first, known)}`;
    refuseUnless(known.includes(first), `${owner}.excludeFields.${index}`, field, expected);
  }
}
