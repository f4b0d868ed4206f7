import { DefinitionError } from "../errors/errors.ts";
import type { ParsedUpcaster } from "./upcasters.ts";
import { eventTypeProblem } from "../event/event-type.ts";

/** An entry, with its former names. */
interface Renamed {
  /** Today's name. */
  type: string;
  renamedFrom: readonly string[];
  upcasters: ReadonlyMap<number, Pick<ParsedUpcaster, "to">>;
}

/** The former names of a type. @throws DefinitionError */
export function parseFormerNames(at: string, found: readonly string[]): readonly string[] {
  if (!Array.isArray(found)) throw new DefinitionError({ field: at, found, expected: "an array of event types" });
  for (const [index, name] of found.entries()) {
    const problem = eventTypeProblem(`${at}.${index}`, name);
    if (problem) throw new DefinitionError(problem);
  }
  return [...found];
}

/**
 * The entries by stored type. @throws DefinitionError for a name that two types claim as their former one, or that is an
 * entry itself, so that renames cannot form a circle
 */
export function storedEntries<Entry extends Renamed>(
  owner: string,
  entries: ReadonlyMap<string, Entry>,
): ReadonlyMap<string, Entry> {
  const stored = new Map(entries);
  for (const [type, entry] of entries)
    for (const [index, former] of entry.renamedFrom.entries()) {
      const other = stored.get(former);
      const field = `${owner}.${type}.renamedFrom.${index}`;
      if (entries.has(former))
        throw new DefinitionError({
          field,
          found: former,
          expected: "a type without an entry of its own, since its stored events are events of this entry",
        });
      if (other)
        throw new DefinitionError({
          field,
          found: former,
          expected: `a name that no other entry has in renamedFrom; ${other.type} has it`,
        });
      stored.set(former, entry);
    }
  return stored;
}

/** The types as which stored events may be read, by stored type; only of types that may be read as another one. */
export function readAsOf<Entry extends Renamed>(
  entries: ReadonlyMap<string, Entry>,
  stored: ReadonlyMap<string, Entry>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const readAs = new Map<string, ReadonlySet<string>>();
  for (const [type, entry] of stored) {
    const types = new Set<string>();
    reach(entries, entry, types);
    if (entry.type !== type || isChanging(entry)) readAs.set(type, types);
  }
  return readAs;
}

const isChanging = ({ upcasters }: Renamed) => [...upcasters.values()].some(({ to }) => to !== null);

/** The stored types whose events may be dropped, or read as events of another entry. */
export const changingOf = (stored: ReadonlyMap<string, Renamed>): ReadonlySet<string> =>
  new Set([...stored].filter(([, entry]) => isChanging(entry)).map(([type]) => type));

/** Adds the types that the upcasters of an entry may lead to. */
function reach(entries: ReadonlyMap<string, Renamed>, { type, upcasters }: Renamed, types: Set<string>): void {
  if (types.has(type)) return;
  types.add(type);
  for (const { to } of upcasters.values()) for (const target of to ?? []) reach(entries, entries.get(target)!, types);
}

/**
 * What events of a type were stored as before: its former names, and the types whose events an upcaster makes into events of
 * it and not of their own type. A release that handles one of these has to handle this type, too. Only of types that have any.
 */
export function formerNamesIn(entries: ReadonlyMap<string, Renamed>): ReadonlyMap<string, readonly string[]> {
  const sources = new Map<string, Set<Renamed>>();
  for (const source of entries.values())
    for (const { to } of source.upcasters.values())
      for (const target of to?.includes(source.type) ? [] : (to ?? []))
        sources.set(target, (sources.get(target) ?? new Set()).add(source));
  const found = new Map<string, readonly string[]>();
  for (const entry of entries.values()) {
    const passed = new Set<Renamed>([entry]);
    // Those that are added meanwhile come later in the loop.
    for (const { type } of passed) for (const source of sources.get(type) ?? []) passed.add(source);
    const names = [...passed].flatMap((one) => [...(one === entry ? [] : [one.type]), ...one.renamedFrom]);
    if (names.length > 0) found.set(entry.type, names);
  }
  return found;
}
