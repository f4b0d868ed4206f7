import { toAppendRequest } from "../../core/append-request.ts";
import type { Catalogue } from "../../core/catalogue.ts";
import { eventIdOfKey } from "../../core/event-id.ts";
import type { EventMap, RecordedEvent } from "../../core/recorded-event.ts";
import { upcastAll } from "../../core/upcast.ts";

/** What else may be said of a given event. */
interface Details {
  /** Left out: the same each time. */
  id?: string;
  stream?: string;
  /** Left out: the next of its stream. */
  version?: number;
  /** Left out: the next. */
  position?: number;
  /** ISO 8601. Left out: that of the event before it, or the beginning of the year 2000. */
  time?: string;
  meta?: Readonly<Record<string, unknown>>;
}

/** An event that has happened before what is tested: its type, its payload, and whatever else matters. */
export type GivenEvent<Events extends EventMap> = {
  [Type in keyof Events & string]: Details & { type: Type } & (
      | { payload: Events[Type] }
      // As an older writer stored it.
      | { payload: unknown; meta: { readonly schemaVersion: number } }
    );
}[keyof Events & string];

const beginning = "2000-01-01T00:00:00.000Z";
const anyone = { correlationId: "given", causationId: "given", maxEventBytes: Infinity };

/**
 * Given events as a store answers them: checked by its catalogue, and brought to today's version.
 * @throws ValidationError, UpcastError
 */
export function recordedEvents(
  catalogue: Catalogue,
  stream: string,
  given: readonly GivenEvent<EventMap>[],
): RecordedEvent[] {
  if (given.length === 0) return [];
  const inputs = given.map(({ id = "", type, payload, meta = {} }, index) => ({
    id: id || eventIdOfKey("given", index),
    type,
    payload,
    meta,
  }));
  const { events } = toAppendRequest({ stream, events: inputs }, { ...anyone, catalogue });
  const versions = new Map<string, number>();
  let [position, time] = [0, beginning];
  const recorded = events.map(({ id, type, payload, meta }, index) => {
    const details = given[index]!;
    const { stream: of = stream } = details;
    const { version = (versions.get(of) ?? 0) + 1 } = details;
    versions.set(of, version);
    ({ position = position + 1, time = time } = details);
    return { id, type, stream: of, version, position, time, payload: payload as RecordedEvent["payload"], meta };
  });
  return upcastAll(catalogue, recorded);
}
