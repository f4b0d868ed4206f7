import type { ParkedEvent } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { asParkedError } from "../../core/parked-error.ts";

/** Without a failure of its own, an event waits behind the one that has failed. */
export function parkedAs(
  { id, type, stream, version, position }: Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position">,
  failure: { error: unknown; attempts: number } | null,
): ParkedEvent {
  const error = failure && asParkedError(failure.error);
  const time = new Date().toISOString();
  return { id, type, stream, version, position, error, attempts: failure?.attempts ?? 0, time };
}

/** What the log says of it. */
export const parkedWarning = ({ id, type, stream, position, attempts, error }: ParkedEvent): [string, object] => [
  "An event is parked; later events of its stream wait behind it",
  { id, type, stream, position, attempts, error: error?.message },
];

/** The parked events of one consumer, and the streams that wait behind them. There may be very many. */
export class ParkedEvents {
  #byId = new Map<string, ParkedEvent>();
  /** How many of each stream are parked. */
  #streams = new Map<string, number>();
  /** In the order of their positions; null until it is asked for after a change. */
  #sorted: readonly ParkedEvent[] | null = null;

  constructor(parked: readonly ParkedEvent[]) {
    this.replace(parked);
  }

  replace(parked: readonly ParkedEvent[]): void {
    this.#byId = new Map();
    this.#streams = new Map();
    this.#sorted = null;
    for (const event of parked) this.add(event);
  }

  add(event: ParkedEvent): void {
    this.remove(event.id);
    this.#byId.set(event.id, event);
    this.#streams.set(event.stream, (this.#streams.get(event.stream) ?? 0) + 1);
  }

  remove(id: string): void {
    this.#sorted = null;
    const event = this.#byId.get(id);
    if (!event) return;
    this.#byId.delete(id);
    const left = this.#streams.get(event.stream)! - 1;
    if (left > 0) this.#streams.set(event.stream, left);
    else this.#streams.delete(event.stream);
  }

  get(id: string): ParkedEvent | undefined {
    return this.#byId.get(id);
  }

  holds(stream: string): boolean {
    return this.#streams.has(stream);
  }

  /** In the order of their positions. */
  list(): ParkedEvent[] {
    this.#sorted ??= [...this.#byId.values()].toSorted((a, b) => a.position - b.position);
    return [...this.#sorted];
  }
}
