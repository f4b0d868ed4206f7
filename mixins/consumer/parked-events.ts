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

/** The parked events of one consumer, and the streams that wait behind them. */
export class ParkedEvents {
  #byId = new Map<string, ParkedEvent>();
  #streams = new Set<string>();

  constructor(parked: readonly ParkedEvent[]) {
    this.replace(parked);
  }

  replace(parked: readonly ParkedEvent[]): void {
    this.#byId = new Map(parked.map((event) => [event.id, event]));
    this.#streams = new Set(parked.map(({ stream }) => stream));
  }

  add(event: ParkedEvent): void {
    this.#byId.set(event.id, event);
    this.#streams.add(event.stream);
  }

  remove(id: string): void {
    this.#byId.delete(id);
    this.#streams = new Set([...this.#byId.values()].map(({ stream }) => stream));
  }

  get(id: string): ParkedEvent | undefined {
    return this.#byId.get(id);
  }

  holds(stream: string): boolean {
    return this.#streams.has(stream);
  }

  /** In the order of their positions. */
  list(): ParkedEvent[] {
    return [...this.#byId.values()].toSorted((a, b) => a.position - b.position);
  }
}
