import { ValidationError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";

const maxCharacters = 255;
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a text has more than `most` code points, each of which is one or two UTF-16 units. */
export const isLonger = (text: string, most: number): boolean =>
  text.length > most && (text.length > 2 * most || [...text].length > most);

/** Why `name` is not a valid name of a stream or a type: 1–255 Unicode characters, no control characters. */
export function nameProblem(field: string, name: unknown): Problem | null {
  const rule = `1 to ${maxCharacters} Unicode characters without control characters`;
  if (typeof name !== "string" || name === "") return { field, found: name, expected: rule };
  if (name.length > maxCharacters && isLonger(name, maxCharacters)) return { field, found: name, expected: rule };
  if (controlCharacter.test(name)) return { field, found: name, expected: rule };
  // A lone surrogate has no UTF-8 form: two different names would become one on disk.
  if (!name.isWellFormed()) return { field, found: name, expected: `${rule}, well-formed UTF-16` };
  return null;
}

/**
 * Checks names in a search; "" is allowed and finds nothing. @throws ValidationError for names that no stream can have
 */
export function assertValidNames(given: Readonly<Record<string, string | undefined>>): void {
  const problems = Object.entries(given).flatMap(([field, name]) =>
    name === undefined || name === "" ? [] : (nameProblem(field, name) ?? []),
  );
  if (problems.length > 0) throw new ValidationError(problems);
}

/**
 * Why a stream's name was not made of texts and numbers alone: `\`villa-${params.villaId}\`` without such a param would put
 * the events of all callers into one stream.
 */
export const unfilledProblem = (field: string, stream: string): Problem | null =>
  /(^|-)(undefined|NaN|\[object \w+\])(-|$)/.test(stream)
    ? { field, found: stream, expected: "a name that is made of texts and numbers: a param that it uses has none" }
    : null;

/** Names that begin with `$` belong to the framework. */
export const isReserved = (name: string) => name.startsWith("$");

/** The part of a stream's name before the first `-`; the whole name if there is none. */
export function categoryOf(stream: string): string {
  const end = stream.indexOf("-");
  return end < 0 ? stream : stream.slice(0, end);
}

/** Whether a stream's name has an entity's id after its category. */
export function hasEntity(stream: string): boolean {
  const end = stream.indexOf("-");
  return end >= 0 && end < stream.length - 1;
}

/**
 * The id of the entity that a stream belongs to: the part of the stream's name after the first `-`. For transforms and
 * listeners that are actions; a function gets it as `id` in its second argument.
 *
 * @example entityId("villa-42"); // "42"
 * @throws ValidationError if the name has no such part
 */
export function entityId(stream: string): string {
  if (hasEntity(stream)) return stream.slice(stream.indexOf("-") + 1);
  const expected =
    "an entity's stream: <category>-<id>. The event has no entity, so name an id that does not depend on one";
  throw new ValidationError([{ field: "the event's stream", found: stream, expected }]);
}

/** The category of the streams of a kind of entity: a `-` in its name is written `_`, because a category ends at the first. */
export const categoryFor = (kind: string): string => kind.replaceAll("-", "_");

/** `<kind>-<id>`: the default stream of an entity. */
export const streamOf = (kind: string, id: string): string => `${categoryFor(kind)}-${id}`;
