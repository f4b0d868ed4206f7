import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { differences } from "../errors/differences.ts";
import { described, show, type Problem } from "../errors/problem.ts";
import type { Field, Fields } from "./fields.ts";
import type { Mapping } from "./mapping.ts";

/** All that determines an aggregate's rows, apart from its events. */
export interface Definition {
  fields: Fields;
  mappings: readonly Mapping<unknown>[];
  /** The versions above 1 of the mapped event types, sorted by type: with others, transforms get other payloads. */
  schemaVersions: readonly (readonly [type: string, version: number])[];
  /** The stored types whose events may be read as other types, among them mapped ones; sorted by stored type. */
  readAs?: readonly (readonly [storedType: string, types: string])[];
  /** The place in the log before which no event is folded. */
  startFrom?: object | undefined;
  /** The author's version of the transforms. If given, the source of function transforms is ignored. */
  definitionVersion?: string | number | undefined;
}

/** A definition as its text contains it. `functions` and `unfilled` do not belong to its identity. */
export interface Described {
  /** Some rows were folded by another definition. */
  isMixed?: true;
  definitionVersion: string | number | null;
  fields: Field[];
  mappings: { pattern: string; operation: string; transform: string }[];
  /** The schema versions above 1 of the mapped types; omitted if there are none. */
  schemaVersions?: Record<string, number>;
  /** By stored type; omitted if there are none. */
  readAs?: Record<string, string>;
  /** Omitted: the first event. */
  startFrom?: object;
  /**
   * The hash of the function transforms' sources, with a `definitionVersion`, which replaces them otherwise: compiled
   * and uncompiled sources differ. It decides whether a table with an added field is copied or folded, and whether a
   * start warns of it.
   */
  functions?: string;
  /** The fields that a copy of the table has added, and that no event has filled yet; omitted if there are none. */
  unfilled?: string[];
}

/**
 * A text of a definition: fields, mappings in their order, transforms by name or source, and how the events of the mapped
 * types are read. Equal texts fold the same rows.
 */
export function describeDefinition({
  fields,
  mappings,
  schemaVersions,
  readAs = [],
  startFrom,
  definitionVersion,
}: Definition): string {
  const hasVersion = definitionVersion !== null && definitionVersion !== undefined;
  const functions = mappings.filter(({ transform }) => typeof transform === "function");
  const described: Described = {
    definitionVersion: definitionVersion ?? null,
    fields: [...fields.values()],
    mappings: mappings.map(({ pattern, operation, transform }) => ({
      pattern,
      operation,
      transform: describeTransform(transform, hasVersion),
    })),
    ...(schemaVersions.length > 0 && { schemaVersions: Object.fromEntries(schemaVersions) }),
    ...(readAs.length > 0 && { readAs: Object.fromEntries(readAs) }),
    ...(startFrom && { startFrom }),
    ...(hasVersion && functions.length > 0 && { functions: hashOfFunctions(functions) }),
  };
  return JSON.stringify(described);
}

function describeTransform(transform: unknown, hasVersion: boolean): string {
  if (typeof transform === "string") return `action ${transform}`;
  return hasVersion ? "function" : `function ${hash(String(transform)).slice(0, 16)}`;
}

const hashOfFunctions = (mappings: readonly Mapping<unknown>[]): string =>
  hash(JSON.stringify(mappings.map(({ transform }) => String(transform)))).slice(0, 16);

/** A description's parts; null for the empty text of a table without one. */
export const parseDescription = (description: string): Described | null =>
  description === "" ? null : (JSON.parse(description) as Described);

/** The part of a description that determines the rows. Definitions with equal identities are the same. */
function identityOf(description: string): string {
  const described = parseDescription(description);
  if (!described) return "";
  const { functions: _, unfilled: __, ...identity } = described;
  return JSON.stringify(identity);
}

/** Whether an author who gives a `definitionVersion` may have forgotten to raise it: only the functions' source differs. */
export function isOfOtherSource(found: string, expected: string): boolean {
  const [was, is] = [parseDescription(found), parseDescription(expected)];
  const differs = was?.functions !== undefined && was.functions !== is?.functions;
  return differs && identityOf(found) === identityOf(expected);
}

/** The description of rows that were folded partly by another definition; it equals neither. */
export const mixedDefinition = (today: string): string =>
  JSON.stringify({ ...(JSON.parse(today) as Described), isMixed: true } satisfies Described);

/** A hash of a definition's identity, short enough for a manifest. */
export const definitionHash = (description: string): string => hash(identityOf(description));

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

/** The differences between the definition that folded the rows and the expected one; empty if both fold the same. */
export function definitionChanges(found: string, expected: string): Problem[] {
  if (found === expected || found === "" || identityOf(found) === identityOf(expected)) return [];
  const [was, is] = [JSON.parse(found) as Described, JSON.parse(expected) as Described];
  const changes: Problem[] = [];
  if (was.isMixed)
    changes.push({ field: "definition", found: described("rows of several, one after the other"), expected: "of one" });
  if (was.definitionVersion !== is.definitionVersion)
    changes.push({ field: "definitionVersion", found: was.definitionVersion, expected: show(is.definitionVersion) });
  if (!isDeepStrictEqual(was.startFrom, is.startFrom))
    changes.push({ field: "startFrom", found: was.startFrom, expected: show(is.startFrom) });
  const fieldsOf = ({ fields }: Described) => fields.map((field) => [field.name, field] as const);
  changes.push(...fieldChanges(fieldsOf(was), fieldsOf(is)));
  const versionsOf = ({ schemaVersions = {} }: Described) =>
    new Map(Object.entries(schemaVersions).map(([type, version]) => [`${type}.schemaVersion`, String(version)]));
  changes.push(...changesOf("events", versionsOf(was), versionsOf(is), "1"));
  const readAsOf = ({ readAs = {} }: Described) =>
    new Map(Object.entries(readAs).map(([type, types]) => [`${type}, read as`, types]));
  changes.push(...changesOf("events", readAsOf(was), readAsOf(is)));
  const mappingsOf = ({ mappings }: Described) => {
    const ordinals = new Map<string, number>();
    return new Map(
      mappings.map(({ pattern, operation, transform }) => {
        const ordinal = (ordinals.get(pattern) ?? 0) + 1;
        ordinals.set(pattern, ordinal);
        return [ordinal === 1 ? pattern : `${pattern} (${ordinal})`, `${operation} by ${transform}`];
      }),
    );
  };
  changes.push(...changesOf("on", mappingsOf(was), mappingsOf(is)));
  if (changes.length > 0) return changes;
  const field = isDeepStrictEqual(was.mappings, is.mappings) ? "fields" : "on";
  return [{ field, found: described("another order"), expected: "today's order" }];
}

type NamedFields = Iterable<readonly [name: string, field: object]>;

/** The differences between two tables' fields, apart from their order. */
export const fieldChanges = (found: NamedFields, expected: NamedFields): Problem[] =>
  differences("fields", Object.fromEntries(found), Object.fromEntries(expected));

function changesOf(
  what: string,
  was: ReadonlyMap<string, string>,
  is: ReadonlyMap<string, string>,
  absent = "none",
): Problem[] {
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => ({
      field: `${what}.${name}`,
      found: described(was.get(name) ?? absent),
      expected: is.get(name) ?? absent,
    }));
}
