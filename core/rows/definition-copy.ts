import { isDeepStrictEqual } from "node:util";
import { definitionChanges, parseDescription, type Described } from "./definition.ts";
import type { Field } from "./fields.ts";

/**
 * How a table that was folded by one definition becomes one of another. `none`: it is one already. `indexes`: by a copy
 * with other indexes. `fields`: by a copy with other unique fields or added fields, unless an event is parked: what
 * changes may be why it failed. `fold`: only by a fold from the first event, because rows may differ.
 */
export type ChangeKind = "none" | "indexes" | "fields" | "fold";

/** Compares the description of the definition that folded the rows with the current one. */
export function changeKind(found: string, expected: string): ChangeKind {
  const [was, is] = [parseDescription(found), parseDescription(expected)];
  if (!was || !is || !foldAlike(was, is)) return "fold";
  const before = new Map(was.fields.map((field) => [field.name, field]));
  const added = is.fields.filter(({ name }) => !before.has(name));
  const kept = is.fields.filter(({ name }) => before.has(name));
  if (kept.length < was.fields.length || !kept.every((field) => holdsTheSame(before.get(field.name)!, field)))
    return "fold";
  if (added.some(({ required }) => required) || (added.length > 0 && !transformsAreTheSame(was, is))) return "fold";
  if (added.length > 0 || kept.some(({ name, unique }) => unique !== before.get(name)!.unique)) return "fields";
  return definitionChanges(found, expected).length > 0 ? "indexes" : "none";
}

/** Both make the same changes of rows, as far as their fields allow. */
function foldAlike(was: Described, is: Described): boolean {
  const { isMixed, definitionVersion, mappings, schemaVersions, readAs, startFrom } = is;
  return (
    !was.isMixed &&
    isDeepStrictEqual(
      [was.isMixed, was.definitionVersion, was.mappings, was.schemaVersions, was.readAs, was.startFrom],
      [isMixed, definitionVersion, mappings, schemaVersions, readAs, startFrom],
    )
  );
}

const holdsTheSame = (was: Field, is: Field) => was.type === is.type && was.required === is.required;

/** An action's transform is known by its name only, so it may fill an added field. */
const transformsAreTheSame = (was: Described, is: Described) =>
  was.functions === is.functions && !is.mappings.some(({ transform }) => transform.startsWith("action "));

/** The description of a copy: the current definition, with the fields that no event of the copied rows has filled. */
export function copiedDefinition(found: string, expected: string): string {
  const [was, is] = [parseDescription(found)!, parseDescription(expected)!];
  const names = new Set(was.fields.map(({ name }) => name));
  const added = is.fields.map(({ name }) => name).filter((name) => !names.has(name));
  const unfilled = [...(was.unfilled ?? []), ...added];
  return unfilled.length === 0 ? expected : JSON.stringify({ ...is, unfilled } satisfies Described);
}

/** The fields that a copy has added and no event has filled yet. */
export const unfilledFields = (description: string): readonly string[] => parseDescription(description)?.unfilled ?? [];
