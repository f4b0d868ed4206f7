import type { RecordedEvent } from "../event/recorded-event.ts";
import { formerNamesOf, type FormerNames } from "../catalogue/new-names.ts";
import type { EventLog } from "./event-log.ts";
import { readFormat, withFormat } from "./stored-format.ts";

interface StoredNames {
  types: FormerNames;
}

const key = "formerNames";

/**
 * The former names of event types, which each release records in the log before it stores an event under the new name.
 * A release that knows a type by its former name only finds out here, also when no node of the newer one is left.
 */
export class RecordedNames {
  readonly #log: Pick<EventLog, "control">;
  /** The types that the log was read for. A type is recorded before its first event, so it is not read for again. */
  readonly #seen = new Set<string>();
  /** Replaced if a further type is found. */
  #known: FormerNames = {};

  constructor(log: Pick<EventLog, "control">) {
    this.#log = log;
  }

  /** Another log may be opened next. */
  forget(): void {
    this.#seen.clear();
    this.#known = {};
  }

  /**
   * The result of a read, with the names that concern it. The read calls `see` with the type of each event, wanted or not,
   * and is repeated if that was renamed.
   */
  async read<Result>(read: (names: FormerNames, see: (type: string) => void) => Promise<Result>): Promise<Result> {
    for (;;) {
      const known = this.#known;
      const met = new Set<string>();
      const result = await read(known, (type) => {
        if (!this.#seen.has(type)) met.add(type);
      });
      if (met.size > 0) await this.#find(met);
      if (this.#known === known) return result;
    }
  }

  /** The former names of these events' types; undefined if there are none. */
  of(events: readonly Pick<RecordedEvent, "type">[]): Promise<FormerNames | undefined> {
    return this.read((names, see) => {
      for (const { type } of events) see(type);
      return Promise.resolve(formerNamesOf(names, events));
    });
  }

  async #find(types: ReadonlySet<string>): Promise<void> {
    const found = typesIn(await this.#log.control.get(key));
    for (const type of types) this.#seen.add(type);
    if ([...types].some((type) => Object.hasOwn(found, type))) this.#known = found;
  }

  /** Resolves when the names are stored. Those that are recorded already change nothing. */
  async record(names: FormerNames): Promise<void> {
    if (Object.keys(names).length === 0) return;
    for (;;) {
      const stored = await this.#log.control.get(key);
      const known = typesIn(stored);
      if (isRecorded(names, known)) return;
      const value = withFormat<StoredNames>("formerNames", { types: merged(known, names) });
      // Another host may record the names of another release meanwhile.
      if ((await this.#log.control.put(key, value, stored?.revision ?? 0)) === null) continue;
      // This host may have met such a type without a former name.
      return this.forget();
    }
  }
}

const typesIn = (stored: { value: unknown } | null): FormerNames =>
  stored ? readFormat<StoredNames>("former names of event types", "formerNames", stored.value).types : {};

const namesOf = (names: FormerNames, type: string): readonly string[] =>
  Object.hasOwn(names, type) ? names[type]! : [];

const isRecorded = (names: FormerNames, known: FormerNames): boolean =>
  Object.entries(names).every(([type, former]) => former.every((name) => namesOf(known, type).includes(name)));

/** A later release may state fewer former names; those that are recorded stay. */
const merged = (known: FormerNames, names: FormerNames): FormerNames =>
  Object.fromEntries(
    [...new Set([...Object.keys(known), ...Object.keys(names)])].map((type) => [
      type,
      [...new Set([...namesOf(known, type), ...namesOf(names, type)])],
    ]),
  );
