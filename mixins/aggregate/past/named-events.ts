import { ValidationError } from "../../../core/errors/errors.ts";
import type { Problem } from "../../../core/errors/problem.ts";
import { eventFields } from "../../../core/query/event-fields.ts";
import { isEventId } from "../../../core/event/event-id.ts";
import { fieldsOf, matchesCondition } from "../../../core/query/matches-condition.ts";
import { parseQuery } from "../../../core/query/query.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { unknownFields } from "../../../core/options/unknown-fields.ts";
import { validatedEvents, type BaseHistory } from "./validated-events.ts";
import { isUpcastError } from "../../../core/catalogue/upcast-error.ts";

/** New payloads for stored events: by event id, or as a list. */
export type Replacements = Record<string, unknown> | { id: string; payload: unknown }[];

/** The events that `skip` selects. */
export interface SkippedEvents {
  isSkipped: (event: RecordedEvent) => boolean;
  /** The ids, if `skip` named ids. */
  ids: ReadonlySet<string>;
  /** The position of the first; Infinity if there is none, 0 if unknown. */
  first: number;
}

/** The payloads of `replace` by event id, as they would be stored. */
export interface ReplacedEvents {
  payloads: ReadonlyMap<string, unknown>;
  first: number;
}

type Known = Pick<RecordedEvent, "id" | "type" | "position">;
type Named = { field: string; id: unknown };

const mostNamed = 10_000;

/** Parses `skip`: an id, an array of ids, or a query of the store's `find`. @throws ValidationError, InvalidQueryError */
export async function skippedEvents(skip: unknown, actual: BaseHistory): Promise<SkippedEvents> {
  if (typeof skip === "object" && skip !== null && !Array.isArray(skip)) return skippedByQuery(skip, actual);
  if (typeof skip !== "string" && !Array.isArray(skip))
    throw new ValidationError([
      { field: "skip", found: skip, expected: "an event's id, an array of them, or a query like {position: 8}" },
    ]);
  const named = Array.isArray(skip)
    ? Array.from(skip, (id: unknown, index) => ({ field: `skip.${index}`, id }))
    : [{ field: "skip", id: skip }];
  const known = await knownEvents(named, actual);
  const ids = new Set(known.map(({ id }) => id));
  return { isSkipped: ({ id }) => ids.has(id), ids, first: firstOf(known) };
}

async function skippedByQuery(skip: unknown, { source }: BaseHistory): Promise<SkippedEvents> {
  const { where } = parseQuery(eventFields, { query: skip });
  const asked = where ? fieldsOf(where) : new Set<string>();
  // Payload and meta are compared after upcasting. The store's `find` compares the stored ones, so it cannot find the first.
  const isOfStored = !asked.has("payload") && !asked.has("meta");
  const first = isOfStored ? firstOf(await find(source, { query: skip, sort: "position", limit: 1 })) : 0;
  return { isSkipped: (event) => !where || matchesCondition(where, event), ids: new Set(), first };
}

/** Parses `replace`. @throws ValidationError */
export async function replacedEvents(replace: unknown, actual: BaseHistory): Promise<ReplacedEvents> {
  if (replace === null || typeof replace !== "object") throw noReplacements("replace", replace);
  const given = Array.isArray(replace)
    ? Array.from(replace, (one: unknown, index) => {
        const at = `replace.${index}`;
        if (one === null || typeof one !== "object") throw noReplacements(at, one);
        const unknown = unknownFields(at, one, ["id", "payload"]);
        if (unknown.length > 0) throw new ValidationError(unknown);
        const { id, payload } = one as { id?: unknown; payload?: unknown };
        return { field: `${at}.id`, at, id, payload };
      })
    : Object.entries(replace).map(([id, payload]) => ({ field: `replace.${id}`, at: `replace.${id}`, id, payload }));
  const known = await knownEvents(given, actual);
  const ids = new Set<string>();
  const twice = known.findIndex(({ id }) => ids.size === ids.add(id).size);
  if (twice >= 0)
    throw new ValidationError([{ field: given[twice]!.field, found: given[twice]!.id, expected: "each event once" }]);
  const events = known.map(({ type }, index) => ({ type, payload: given[index]!.payload }));
  const drafts = await validatedEvents(events, actual.source, (index) => given[index]!.at);
  return { payloads: new Map(drafts.map(({ payload }, index) => [known[index]!.id, payload])), first: firstOf(known) };
}

const noReplacements = (field: string, found: unknown) =>
  new ValidationError([{ field, found, expected: "payloads by event id, or an array of {id, payload}" }]);

const firstOf = (events: readonly Known[]) => Math.min(...events.map(({ position }) => position));

/** Finds events by id, in the given order. @throws ValidationError with a problem for each event that does not exist */
async function knownEvents(named: readonly Named[], { store, source, position }: BaseHistory): Promise<Known[]> {
  if (named.length > mostNamed)
    throw new ValidationError([
      { field: named[0]!.field.split(".")[0]!, found: named.length, expected: `at most ${mostNamed} events` },
    ]);
  const ids = named.map(({ id }) => (isEventId(id) ? id.toLowerCase() : ""));
  const stored = await eventsById([...new Set(ids)].filter(Boolean), source);
  const problems: Problem[] = [];
  const events = named.map(({ field, id }, index) => {
    const event = stored.get(ids[index]!);
    if (event && event.position <= position) return event;
    const expected = event
      ? `an event up to position ${position}, not ${event.position}`
      : `the id of an event of ${store}`;
    problems.push({ field, found: id, expected });
    return null;
  });
  if (problems.length > 0) throw new ValidationError(problems);
  return events as Known[];
}

async function eventsById(ids: readonly string[], source: BaseHistory["source"]): Promise<Map<string, Known>> {
  const stored = new Map<string, Known>();
  for (let missing = ids; missing.length > 0;) {
    const found = await find(source, { query: { id: { $in: missing } }, limit: missing.length });
    for (const event of found) stored.set(event.id, event);
    // A single event may be one that cannot be upcast: `find` then returns it alone, so the others are read again.
    if (found.length !== 1) break;
    missing = missing.filter((id) => !stored.has(id));
  }
  return stored;
}

/** Finds events in the store. If one cannot be upcast, returns only that one, from the error's data. */
async function find(
  source: BaseHistory["source"],
  query: Parameters<BaseHistory["source"]["find"]>[0],
): Promise<Known[]> {
  try {
    return await source.find({ ...query, fields: ["id", "type", "position"] });
  } catch (error) {
    if (!isUpcastError(error)) throw error;
    return [(error as { data: Known }).data];
  }
}
