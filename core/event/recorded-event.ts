/**
 * An event's meta: always the two ids, and the caller's own fields. An imported event has the meta of its file, which
 * may lack the ids.
 */
export interface EventMeta {
  /** The same for all events that one request caused: Moleculer's `requestID`. */
  correlationId: string;
  /** The id of the message that directly caused this event: a call's context id, or another event's id. */
  causationId: string;
  /** How many events led to this one; absent if none did. */
  $causationDepth?: number;
  [field: string]: unknown;
}

/** An event as it is stored, read, pumped and folded: plain JSON everywhere. */
export interface RecordedEvent<Type extends string = string, Payload = Record<string, unknown>> {
  /** A UUID; version 7 (RFC 9562: time-ordered) unless the caller gave one. */
  readonly id: string;
  readonly type: Type;
  readonly stream: string;
  /** 1, 2, 3 … within the stream. */
  readonly version: number;
  /** 1, 2, 3 … within the store, in commit order. */
  readonly position: number;
  /** ISO 8601, UTC, milliseconds; never earlier than the event before it. */
  readonly time: string;
  readonly payload: Payload;
  readonly meta: EventMeta;
  /** Present only if the event was read from a stream of links: that stream and the version there. */
  readonly link?: { readonly stream: string; readonly version: number };
}

/**
 * Event type → payload, for stores that type their events: `EventStore<{ "account.opened": { iban: string } }>`. An interface
 * is not assignable to a type with an index signature.
 */
export type EventMap = object;

/** The map of a store without typed events: any type, with an object of unknown fields as payload. */
export type AnyEvents = Record<string, Record<string, unknown>>;

/** The events of a map as a union, so that comparing `type` narrows `payload`. */
export type EventOf<Events extends EventMap, Type extends keyof Events & string = keyof Events & string> = {
  [T in Type]: RecordedEvent<T, Events[T]>;
}[Type];

/** The event types of a map that a literal name or a pattern with Moleculer's wildcards matches. */
export type Matching<Events extends EventMap, Pattern extends string> = Pattern extends
  `${string}*${string}` | `${string}?${string}`
  ? keyof Events & string
  : Pattern & keyof Events;

/** Freezes an event deeply, since its listeners and transforms share the object. */
export function freezeEvent<Event extends RecordedEvent<string, unknown>>(event: Event): Event {
  deepFreeze(event.payload);
  deepFreeze(event.meta);
  return Object.freeze(event);
}

function deepFreeze(value: unknown): void {
  if (value === null || typeof value !== "object") return;
  Object.freeze(value);
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== null && typeof inner === "object") deepFreeze(inner);
  }
}
