import { NewerEventError } from "../../core/catalogue/newer-event.ts";
import { processesOf } from "../../core/process/correlation.ts";
import type { ParkedProcess } from "../../core/process/stored-process.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import type { PageEvent } from "../../core/event/page-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { Failures } from "../consumer/failures.ts";
import { parkedWarning } from "../consumer/parked-streams.ts";
import type { Processes } from "./processes.ts";
import type { ProcessQueue } from "./process-queue.ts";
import { parkedTask } from "./task.ts";

interface Dependencies {
  definition: ProcessDefinition;
  source: Pick<EventSource, "page">;
  processes: Processes;
  failures: Failures;
  queue: ProcessQueue;
  /** Whether the checkpoint is at or past this position: the event does not come again with a page. */
  isPassed: (position: number) => boolean;
  warn: (message: string, details: object) => void;
}

/** Events that cannot be correlated with a process: each is parked by itself. */
export class LostEvents {
  readonly #d: Dependencies;
  readonly #parked = new Map<string, ParkedProcess>();
  readonly #positions = new Set<number>();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  async load(): Promise<void> {
    this.#parked.clear();
    this.#positions.clear();
    for await (const parked of this.#d.processes.allLost()) this.#note(parked);
  }

  #note(parked: ParkedProcess): void {
    this.#parked.set(parked.id, parked);
    this.#positions.add(parked.position);
  }

  /** Whether the event at this position is parked here. */
  holds(position: number): boolean {
    return this.#positions.has(position);
  }

  list(): ParkedProcess[] {
    return [...this.#parked.values()];
  }

  /**
   * The processes that an event belongs to; none if it is parked here; undefined if the consumer stops before it.
   * @throws the error if every event has to wait
   */
  async correlate(event: PageEvent, unreadable?: unknown): Promise<ReturnType<typeof processesOf> | undefined> {
    // The event was parked before a crash.
    if (this.#parked.has(event.id)) return [];
    try {
      if (unreadable) throw unreadable;
      const processes = processesOf(this.#d.definition, event);
      this.#d.failures.lostInARow = 0;
      return processes;
    } catch (error) {
      return this.#fail(event, error);
    }
  }

  async #fail(event: RecordedEvent, error: unknown): Promise<[] | undefined> {
    const { failures } = this.#d;
    const decision = failures.noteLost({ event }, error);
    if (decision === "wait") throw error;
    if (decision === "stop") return failures.stopAt(event);
    await this.#park(event, error, 1);
    failures.park(event.id, error);
    failures.lostInARow++;
    return [];
  }

  async #park(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const parked = parkedTask({ kind: "event", event }, "", { error, attempts });
    await this.#d.processes.saveLost(event.id, parked);
    this.#note(parked);
    const [, details] = parkedWarning(parked);
    this.#d.warn("An event is parked: it belongs to no process that is known; all others go on", details);
  }

  async giveUp(id: string): Promise<void> {
    await this.#d.processes.saveLost(id, null);
    this.#positions.delete(this.#parked.get(id)?.position ?? 0);
    this.#parked.delete(id);
  }

  /**
   * Hands the event to its process as a late one; returns how many events were handled. While the process is parked,
   * the event stays here: the process can only keep events waiting that are after its parked one in the log.
   */
  async retry(id: string): Promise<number> {
    const { position, attempts } = this.#parked.get(id)!;
    const { events, unreadable, newer } = await this.#d.source.page(position - 1, 1);
    if (newer) throw new NewerEventError(newer);
    const event = events.find((one) => one.id === id);
    if (!event) return this.giveUp(id).then(() => 0);
    let processes: ReturnType<typeof processesOf>;
    try {
      if (unreadable?.[id]) throw unreadable[id];
      processes = processesOf(this.#d.definition, event);
    } catch (error) {
      await this.#park(event, error, attempts + 1);
      return 0;
    }
    // The page that contains the event is still being handled, and will handle it in order.
    if (!this.#d.isPassed(position)) return this.giveUp(id).then(() => 0);
    for (const [process, own] of processes) if (!(await this.#d.queue.addLate(process, own))) return 0;
    // Removed only after its process has stored it: after a crash between the two writes it is not handled again.
    await this.giveUp(id);
    return processes.length === 0 ? 0 : 1;
  }
}
