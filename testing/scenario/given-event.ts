import { toAppendRequest } from "../../core/log/append-request.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { derivedEventId } from "../../core/event/event-id.ts";
import type { EventMap, RecordedEvent } from "../../core/event/recorded-event.ts";
import { upcastAll } from "../../core/catalogue/upcast-page.ts";
import type { Decided } from "../../mixins/decider/decided.ts";

/** Optional fields of a given event. */
interface Details {
  /** Default: a fixed one per event. */
  id?: string;
  stream?: string;
  /** Default: the next of its stream. */
  version?: number;
  /** Default: the next. */
  position?: number;
  /** ISO 8601. Default: that of the event before it, or the start of the year 2000. */
  time?: string;
  meta?: Readonly<Record<string, unknown>>;
}

/** An event of the history: its type, its payload, and any other fields that matter. */
export type GivenEvent<Events extends EventMap> = Details & (Decided<Events> | OlderEvent<Events>);

/** An event as an older writer stored it. */
interface OlderEvent<Events extends EventMap> {
  type: keyof Events & string;
  payload: unknown;
  meta: { readonly schemaVersion: number };
}

/** A given event before it is checked. */
export interface UncheckedEvent extends Details {
  type: string;
  payload?: unknown;
}

const beginning = "2000-01-01T00:00:00.000Z";
const anyone = { correlationId: "given", causationId: "given", maxEventBytes: Infinity, isRecorded: true };

/**
 * The events as a store with the events `before` would return them: checked by its catalogue and upcast.
 * @throws ValidationError, UpcastFailedError
 */
export function recordedEvents(
  catalogue: Catalogue,
  stream: string,
  given: readonly UncheckedEvent[],
  before: readonly RecordedEvent[] = [],
): RecordedEvent[] {
  if (given.length === 0) return [];
  const inputs = given.map(({ id, type, payload = {}, meta = {} }, index) => ({
    id: id ?? derivedEventId("given", before.length + index),
    type,
    payload,
    meta,
  }));
  const { events } = toAppendRequest({ stream, events: inputs }, { ...anyone, catalogue });
  const versions = new Map(before.map((event) => [event.stream, event.version]));
  let { position, time } = before.at(-1) ?? { position: 0, time: beginning };
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
