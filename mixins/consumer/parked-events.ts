import type { ParkedEvent } from "../../core/read-table.ts";

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
