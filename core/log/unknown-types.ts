import type { EventType } from "./event-log.ts";
import { didYouMean } from "../options/near-name.ts";
import { typeMatcher } from "../event/type-pattern.ts";
import type { FormerNames } from "../catalogue/new-names.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/** A log with more types than this is compared with its first ones. */
export const mostTypes = 10_000;
/** The most types that one message names. */
const mostNamed = 20;

/** Only the types that are named are compared with others: the time would grow with the product of both numbers. */
function inList(types: readonly EventType[], name: (type: EventType) => string): string {
  const named = types.slice(0, mostNamed).map(name).join(", ");
  return types.length > mostNamed ? `${named} and ${types.length - mostNamed} more` : named;
}

/** The framework's own events are in no catalogue. */
const isOfUser = ({ type }: EventType) => !type.startsWith("$");

/**
 * What an operator should know of stored types that the catalogue does not have; null if it has all. `recorded`: those that
 * a newer release has renamed.
 */
export function unknownStoredTypes(
  { entries, stored }: Catalogue,
  found: readonly EventType[],
  recorded: FormerNames = {},
): string | null {
  const unknown = found.filter((one) => isOfUser(one) && !stored.has(one.type));
  if (unknown.length === 0) return null;
  const known = [...entries.keys()];
  const named = inList(unknown, ({ type, count }) => {
    const former = Object.hasOwn(recorded, type) && recorded[type]!.find((name) => stored.has(name));
    const hint = former ? ` (of a newer release, formerly ${former})` : didYouMean(type, known);
    return `${type}, ${count} event${count === 1 ? "" : "s"}${hint}`;
  });
  return `found stored event types that the catalogue does not have: ${named}; expected an entry for each, or its name in the renamedFrom of another`;
}

export interface MappedTypeFinding {
  /** `info` of a type that may just not have happened yet: there is no catalogue, and no name is near. */
  level: "warn" | "info";
  message: string;
}

/**
 * The patterns that match neither a type of the catalogue nor today's name of a stored one, each with the nearest name.
 * None if the log is empty, or has so many types that some of them may not be listed.
 */
export function unknownMappedTypes(
  patterns: readonly string[],
  { entries, stored }: Catalogue,
  found: readonly EventType[],
): MappedTypeFinding[] {
  const ofLog = found.filter(isOfUser).map(({ type }) => stored.get(type)?.type ?? type);
  if (ofLog.length === 0 || found.length >= mostTypes) return [];
  const known = [...new Set([...entries.keys(), ...ofLog])];
  const lacking = entries.size === 0 ? "the log does not have" : "neither the catalogue nor the log has";
  return patterns
    .filter((pattern) => !known.some(typeMatcher([pattern])))
    .map((pattern) => {
      const near = didYouMean(pattern, known);
      const level = entries.size === 0 && near === "" ? "info" : "warn";
      return { level, message: `maps ${pattern}, which ${lacking}${near}` };
    });
}
