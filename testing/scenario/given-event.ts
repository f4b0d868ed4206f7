import { toAppendRequest } from "../../core/log/append-request.ts";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import { eventIdOfKey } from "../../core/event/event-id.ts";
import type { EventMap, RecordedEvent } from "../../core/event/recorded-event.ts";
import { upcastAll } from "../../core/catalogue/upcast.ts";
import type { Decided } from "../../mixins/decider/decider.ts";

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
export type GivenEvent<Events extends EventMap> = Details & (Decided<Events> | OlderEvent<Events>);

/** As an older writer stored it. */
interface OlderEvent<Events extends EventMap> {
  type: keyof Events & string;
  payload: unknown;
  meta: { readonly schemaVersion: number };
}

/** An event as a test says it, before anybody has looked at it. */
interface SaidEvent extends Details {
  type: string;
  payload?: unknown;
}

const beginning = "2000-01-01T00:00:00.000Z";
const anyone = { correlationId: "given", causationId: "given", maxEventBytes: Infinity, isRecorded: true };

/**
 * Events as a store answers them that has those `before`: checked by its catalogue, and brought to today's version.
 * @throws ValidationError, UpcastError
 */
export function recordedEvents(
  catalogue: Catalogue,
  stream: string,
  said: readonly SaidEvent[],
  before: readonly RecordedEvent[] = [],
): RecordedEvent[] {
  if (said.length === 0) return [];
  const inputs = said.map(({ id, type, payload = {}, meta = {} }, index) => ({
    id: id ?? eventIdOfKey("given", before.length + index),
    type,
    payload,
    meta,
  }));
  const { events } = toAppendRequest({ stream, events: inputs }, { ...anyone, catalogue });
  const versions = new Map(before.map((event) => [event.stream, event.version]));
  let { position, time } = before.at(-1) ?? { position: 0, time: beginning };
  const recorded = events.map(({ id, type, payload, meta }, index) => {
    const details = said[index]!;
    const { stream: of = stream } = details;
    const { version = (versions.get(of) ?? 0) + 1 } = details;
    versions.set(of, version);
    ({ position = position + 1, time = time } = details);
    return { id, type, stream: of, version, position, time, payload: payload as RecordedEvent["payload"], meta };
  });
  return upcastAll(catalogue, recorded);
}
