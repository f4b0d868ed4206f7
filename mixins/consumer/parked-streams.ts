import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import type { ParkedEvent, ParkedStream } from "../../core/table/read-table.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { asParkedError } from "../../core/event/parked-error.ts";
import { isChosen } from "./parked-choice.ts";

type EventPlace = Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position">;

/** `failure` is null for an event that waits behind a failed one. */
export function parkedAs(
  { id, type, stream, version, position }: EventPlace,
  failure: { error: unknown; attempts: number } | null,
): ParkedEvent {
  const error = failure && asParkedError(failure.error);
  const parkedAt = new Date().toISOString();
  return { id, type, stream, version, position, error, attempts: failure?.attempts ?? 0, parkedAt };
}

/** The arguments of the warning in the operator's log. */
export const parkedWarning = ({ id, type, stream, position, attempts, error }: ParkedEvent): [string, object] => [
  "An event is parked; later events of its stream wait behind it",
  { id, type, stream, position, attempts, error: error?.message },
];

/** The event as callers get it. */
export function withoutWaiting(stream: ParkedEvent & Partial<ParkedStream>): ParkedEvent {
  const { waiting: _, givenUp: __, ...event } = stream;
  return event;
}

/** The stream after its first event, or the next waiting one, is done or given up; null if nothing else waits in it. */
export function passedIn(stream: ParkedStream, event: EventPlace): ParkedStream | null {
  if (event.id !== stream.id) return movedTo(stream, event);
  return stream.waiting === 0 && !stream.givenUp ? null : { ...stream, error: null, attempts: 0 };
}

function movedTo(stream: ParkedStream, { id, type, version, position }: EventPlace): ParkedStream {
  const { givenUp = [], ...rest } = stream;
  const others = givenUp.filter((given) => given !== id);
  // After a change of the definition, the number of relevant events may differ from the count.
  const waiting = others.length < givenUp.length ? stream.waiting : Math.max(stream.waiting - 1, 0);
  const left = others.length > 0 && { givenUp: others };
  return { ...rest, id, type, version, position, error: null, attempts: 0, waiting, ...left };
}

/** The stream after an event of it has failed on a retry: the event that had failed before, or one that waited. */
export function failedAt(stream: ParkedStream, event: EventPlace, error: unknown): ParkedStream {
  const isSame = event.id === stream.id;
  const attempts = isSame ? stream.attempts + 1 : 1;
  return { ...(isSame ? stream : movedTo(stream, event)), ...parkedAs(event, { error, attempts }) };
}

/** The parked streams of one consumer. There may be very many. */
export class ParkedStreams {
  #byName = new Map<string, ParkedStream>();
  /** Streams that are not blocked any more; the first one is next. */
  readonly #free = new Set<string>();
  /** Streams whose failed event is to be retried. */
  readonly #chosen = new Set<string>();
  /** The number of parked events, failed or waiting. */
  count = 0;
  /** Sorted by position; null after a change, until it is requested. */
  #sorted: readonly ParkedStream[] | null = null;

  constructor(parked: readonly ParkedStream[] = []) {
    this.replace(parked);
  }

  replace(parked: readonly ParkedStream[]): void {
    this.#byName = new Map();
    this.#free.clear();
    this.#sorted = null;
    this.count = 0;
    for (const stream of parked) this.set(stream);
  }

  set(parked: ParkedStream): void {
    this.#forget(parked.stream);
    this.#byName.set(parked.stream, parked);
    this.count += countOf(parked);
    if (parked.error === null) this.#free.add(parked.stream);
    else this.#free.delete(parked.stream);
  }

  delete(stream: string): void {
    this.#forget(stream);
    this.#byName.delete(stream);
    this.#free.delete(stream);
  }

  #forget(stream: string): void {
    this.#sorted = null;
    const before = this.#byName.get(stream);
    if (before) this.count -= countOf(before);
  }

  get(stream: string): ParkedStream | undefined {
    return this.#byName.get(stream);
  }

  holds(stream: string): boolean {
    return this.#byName.has(stream);
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Selects the failed events that `takeNext` retries; returns whether there are any. */
  choose(choice: ParkedChoice): boolean {
    let isAny = false;
    for (const parked of this.#byName.values())
      if (parked.error && isChosen(parked, choice)) {
        this.#chosen.add(parked.stream);
        isAny = true;
      }
    return isAny;
  }

  clearChosen(): void {
    this.#chosen.clear();
  }

  /** Whether a stream can continue. */
  get isGoingOn(): boolean {
    return this.#chosen.size > 0 || this.#free.size > 0;
  }

  /** The stream that continues next, retries first; undefined if every stream is blocked. */
  takeNext(): ParkedStream | undefined {
    for (const name of this.#chosen) {
      const stream = this.#byName.get(name);
      this.#chosen.delete(name);
      if (stream?.error) return stream;
    }
    const [free] = this.#free;
    return free === undefined ? undefined : this.#byName.get(free);
  }

  /** Moves the stream behind the other streams that can continue. */
  yieldTurn(stream: string): void {
    if (this.#free.delete(stream)) this.#free.add(stream);
  }

  values(): Iterable<ParkedStream> {
    return this.#byName.values();
  }

  /** Sorted by position. */
  list(): ParkedStream[] {
    this.#sorted ??= [...this.#byName.values()].toSorted((a, b) => a.position - b.position);
    return [...this.#sorted];
  }
}

/** How many events of the stream are parked, failed or waiting. */
export const countOf = ({ error, waiting }: ParkedStream): number => (error ? 1 : 0) + waiting;
