import { isSchemaVersion, schemaVersions } from "../catalogue/catalogue.ts";
import { commandTagProblem } from "./command-tag.ts";
import type { Problem } from "../errors/problem.ts";
import { isCausationDepth, maxCausationDepth } from "../event/causation.ts";
import { isReserved } from "../event/stream-name.ts";

/** More than an error lists. */
const mostReserved = 20;

/**
 * Fields that a caller must not set. Names that begin with `$` are those of the framework, now and later: `$causationDepth`
 * ends circles of process managers, `$command` identifies a repeated command. The same names without `$` are rejected
 * because they would look like them. An event with an invalid schema version could not be read once its type is in the
 * catalogue; the catalogue itself checks the version of a type that it contains.
 */
export function assignedProblems(field: string, own: Record<string, unknown>, isKnown: boolean): Problem[] {
  const problems = reservedMeta(field, own);
  const { schemaVersion } = own;
  if (isKnown || schemaVersion === undefined || isSchemaVersion(schemaVersion)) return problems;
  return [...problems, { field: `${field}.schemaVersion`, found: schemaVersion, expected: schemaVersions }];
}

/** The problems of a caller's meta with names of the framework. */
export function reservedMeta(field: string, own: Record<string, unknown>): Problem[] {
  return Object.keys(own)
    .filter((name) => isReserved(name) || name === "causationDepth" || name === "command")
    .filter((name) => own[name] !== undefined)
    .slice(0, mostReserved)
    .map((name) => ({
      field: `${field}.${name}`,
      found: own[name],
      expected: isReserved(name)
        ? 'a name that does not begin with "$": these are reserved for the framework'
        : `none: the store assigns it, as $${name}`,
    }));
}

/**
 * The problems of an imported event's meta. Of the names of the framework it may have those that an export has. Another
 * one would get a meaning with a later release, for events that are stored for ever.
 */
export const recordedMeta = (field: string, meta: Record<string, unknown>): Problem[] =>
  Object.entries(meta)
    .filter(([name]) => isReserved(name))
    .slice(0, mostReserved)
    .flatMap(([name, found]) => recordedProblem(name, `${field}.${name}`, found) ?? []);

function recordedProblem(name: string, field: string, found: unknown): Problem | null {
  if (name === "$command") return commandTagProblem(found, field);
  if (name !== "$causationDepth")
    return { field, found, expected: 'no name that begins with "$", except $command and $causationDepth' };
  return isCausationDepth(found) ? null : { field, found, expected: `a whole number from 1 to ${maxCausationDepth}` };
}
