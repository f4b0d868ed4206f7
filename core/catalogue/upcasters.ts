import { isAsyncFunction } from "../concurrency/is-thenable.ts";
import { DefinitionError } from "../errors/errors.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { isPlainObject, assertKnownOptions } from "../options/options.ts";

/**
 * Converts a payload from one version to the next. It may change the payload, which is a copy. The event is the stored
 * one; for an older writer's event that is checked before it is stored, position and version are 0.
 */
export type Upcaster = {
  // Declared as a method, whose parameters may be narrower: an author knows the type of the old payload.
  upcast(payload: Record<string, unknown>, event: RecordedEvent): unknown;
}["upcast"];

/** What an `EventUpcaster` makes of an event. */
export interface UpcastEvent {
  readonly type: string;
  readonly payload: unknown;
  /** The version of the payload. Default 1; of the upcaster's own type, the version after the one it converts from. */
  readonly schemaVersion?: number;
}

/** Converts an event to one of another type, to several, or to none. */
export interface EventUpcaster {
  /** The types of the events that it may return, all of the catalogue. */
  readonly to: readonly string[];
  /** Null: the event is dropped for all readers. */
  readonly upcast: {
    upcast(payload: Record<string, unknown>, event: RecordedEvent): UpcastEvent | readonly UpcastEvent[] | null;
  }["upcast"];
}

/** An upcaster, checked. */
export interface ParsedUpcaster {
  upcast: Upcaster;
  /** Null for an upcaster that returns a payload of the next version. */
  to: readonly string[] | null;
}

/** A missing upcaster is not an error here: the chain may start at a later version than the oldest stored events. */
export function parseUpcasters(
  at: string,
  version: number,
  upcasters: Readonly<Record<number, Upcaster | EventUpcaster>>,
): Map<number, ParsedUpcaster> {
  if (!isPlainObject(upcasters))
    throw new DefinitionError({ field: at, found: upcasters, expected: "{<version>: (payload, event) => payload}" });
  return new Map(
    Object.entries(upcasters).map(([from, upcaster]) => {
      if (!/^[1-9]\d*$/.test(from) || Number(from) >= version) {
        const expected =
          version === 1 ? "no upcaster, as the version is 1" : `a version to start from: 1 to ${version - 1}`;
        throw new DefinitionError({ field: `${at}.${from}`, found: from, expected });
      }
      return [Number(from), parseUpcaster(`${at}.${from}`, upcaster)];
    }),
  );
}

function parseUpcaster(at: string, found: Upcaster | EventUpcaster): ParsedUpcaster {
  const isOfEvents = isPlainObject(found) && "to" in found;
  if (isPlainObject(found) && !isOfEvents)
    throw new DefinitionError({ field: `${at}.to`, found: undefined, expected: "the types that upcast may return" });
  if (!isOfEvents) return { upcast: synchronousUpcast(at, found), to: null };
  const { to, upcast } = found;
  assertKnownOptions(at, found, ["to", "upcast"]);
  if (!Array.isArray(to))
    throw new DefinitionError({ field: `${at}.to`, found: to, expected: "an array of event types; [] to drop events" });
  return { upcast: synchronousUpcast(`${at}.upcast`, upcast), to: [...to] as string[] };
}

function synchronousUpcast(field: string, found: unknown): Upcaster {
  if (typeof found === "function" && !isAsyncFunction(found)) return found as Upcaster;
  throw new DefinitionError({ field, found, expected: "a synchronous function" });
}

/** @throws DefinitionError for a type that an upcaster may return, but that the catalogue does not have */
export function assertTargets(
  owner: string,
  entries: ReadonlyMap<string, { upcasters: ReadonlyMap<number, ParsedUpcaster> }>,
): void {
  for (const [type, { upcasters }] of entries)
    for (const [from, { to }] of upcasters)
      for (const [index, target] of (to ?? []).entries())
        if (!entries.has(target))
          throw new DefinitionError({
            field: `${owner}.${type}.upcasters.${from}.to.${index}`,
            found: target,
            expected: `a type of the catalogue: ${[...entries.keys()].join(", ")}`,
          });
}
