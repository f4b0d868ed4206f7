import type { Problem } from "../errors/problem.ts";
import type { Catalogue } from "./catalogue.ts";

/** Why no event can match a name, because it is a former one of a type; null if it is not. */
export function formerName(field: string, name: string, { entries, stored }: Catalogue): Problem | null {
  const entry = entries.has(name) ? undefined : stored.get(name);
  return entry ? { field, found: name, expected: `today's name of the type: ${entry.type}` } : null;
}

/** Whether events of a stored type may be read as a wanted one. */
export const storedMatcher = (
  { readAs }: Catalogue,
  isWanted: (type: string) => boolean,
): ((storedType: string) => boolean) =>
  readAs.size === 0 ? isWanted : (storedType) => mayBeRead(readAs.get(storedType), storedType, isWanted);

/** Patterns of the stored types whose events may be read as types that the patterns match. */
export function storedPatterns(
  { readAs }: Catalogue,
  patterns: readonly string[],
  isWanted: (type: string) => boolean,
): readonly string[] {
  const others = [...readAs].filter(([, types]) => [...types].some(isWanted)).map(([storedType]) => storedType);
  return others.length === 0 ? patterns : [...new Set([...patterns, ...others])];
}

function mayBeRead(
  types: ReadonlySet<string> | undefined,
  storedType: string,
  isWanted: (type: string) => boolean,
): boolean {
  if (!types) return isWanted(storedType);
  for (const type of types) if (isWanted(type)) return true;
  return false;
}

/** The part of a catalogue that determines how events are read as the types of one definition; both sorted. */
export interface ReadRules {
  /** The schema versions above 1. */
  schemaVersions: [type: string, version: number][];
  /** The types as which events of another stored type may be read. */
  readAs: [storedType: string, types: string][];
}

/**
 * Equal rules mean that events are read alike. The source of upcasters is no part of it: compiled and uncompiled code would
 * differ.
 */
export function readRules(catalogue: Catalogue, isFor: (type: string) => boolean): ReadRules {
  const isRead = storedMatcher(catalogue, isFor);
  const entries = new Set([...catalogue.stored].filter(([type]) => isRead(type)).map(([, entry]) => entry));
  const versions = Array.from(entries, ({ type, schemaVersion }): [string, number] => [type, schemaVersion]);
  const others = Array.from(catalogue.readAs, ([type, types]): [string, string] => [type, [...types].join(", ")]);
  return {
    schemaVersions: versions.filter(([, version]) => version > 1).toSorted(byType),
    readAs: others.filter(([type]) => isRead(type)).toSorted(byType),
  };
}

const byType = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);
