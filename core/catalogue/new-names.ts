import type { RecordedEvent } from "../event/recorded-event.ts";
import type { Catalogue } from "./catalogue.ts";
import { storedMatcher } from "./stored-types.ts";

/** By the name under which events are stored, the former names of their type, as a catalogue has recorded them in the log. */
export type FormerNames = Readonly<Record<string, readonly string[]>>;

/** The event types that a reader handles. */
export interface HandledTypes {
  isWanted: (type: string) => boolean;
  /** Those that it names without wildcards: it knows them, with or without a catalogue. */
  exact: ReadonlySet<string>;
}

/** The recorded names of the types of these events; undefined if there are none. */
export function formerNamesOf(
  recorded: FormerNames,
  events: readonly Pick<RecordedEvent, "type">[],
): FormerNames | undefined {
  if (Object.keys(recorded).length === 0) return undefined;
  const types = new Set(events.map(({ type }) => type));
  const found = Object.entries(recorded).filter(([type]) => types.has(type));
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/**
 * The catalogue of a reader that handles some of these types by a former name only: their events are newer than it is.
 * A wildcard alone shows no such knowledge: then the catalogue has to have the former name.
 */
export function withNewNames(
  catalogue: Catalogue,
  recorded: FormerNames,
  { isWanted, exact }: HandledTypes,
): Catalogue {
  const isRead = storedMatcher(catalogue, isWanted);
  const newNames = new Map<string, string>();
  for (const [type, formerNames] of Object.entries(recorded)) {
    if (catalogue.stored.has(type) || exact.has(type)) continue;
    const former = formerNames.find((name) => (exact.has(name) || catalogue.stored.has(name)) && isRead(name));
    if (former !== undefined) newNames.set(type, former);
  }
  return newNames.size === 0 ? catalogue : { ...catalogue, newNames };
}

/**
 * The catalogue of a store's host for a reader that has none, and names types by what is a former name here: its release is
 * older than the host's, whichever name an event is stored under.
 */
export function withHostNames(catalogue: Catalogue, recorded: FormerNames, handled: HandledTypes): Catalogue {
  const current = withNewNames(catalogue, recorded, handled);
  if (catalogue.readAs.size === 0) return current;
  const newNames = new Map(current.newNames);
  for (const { type, renamedFrom } of catalogue.entries.values()) {
    const former = handled.exact.has(type) ? undefined : renamedFrom.find((name) => handled.exact.has(name));
    if (former !== undefined) for (const stored of [type, ...renamedFrom]) newNames.set(stored, former);
  }
  return newNames.size === 0 ? current : { ...current, newNames };
}
