import { Agenda } from "../../core/process/agenda.ts";
import { nextDue, type ParkedProcess, type StoredProcess } from "../../core/process/stored-process.ts";

/** A manager's facts about all its processes, in memory: the next deadlines, the parked and the waiting events. */
export class KnownProcesses {
  readonly agenda = new Agenda();
  /** By process id. */
  readonly parked = new Map<string, ParkedProcess>();
  /** Processes with waiting events that are not blocked any more. */
  readonly unfinished = new Set<string>();
  /** The number of waiting events by process id. */
  readonly #waiting = new Map<string, number>();

  /** For the operator's log. */
  get counts(): object {
    const { parked, unfinished, agenda } = this;
    return { parked: parked.size, unfinished: unfinished.size, nextDeadline: agenda.next };
  }

  clear(): void {
    this.agenda.clear();
    this.parked.clear();
    this.unfinished.clear();
    this.#waiting.clear();
  }

  /** Takes over the stored state of a process; null: it has ended. Returns whether its parked event has changed. */
  note(id: string, process: StoredProcess | null): boolean {
    const { parked, waiting } = process ?? {};
    const before = this.parked.get(id);
    this.agenda.set(id, process && nextDue(process));
    if (parked) this.parked.set(id, parked);
    else this.parked.delete(id);
    if (!parked && waiting) this.unfinished.add(id);
    else this.unfinished.delete(id);
    if (waiting) this.#waiting.set(id, waiting.count);
    else this.#waiting.delete(id);
    return parked !== before;
  }

  get waitingCount(): number {
    return [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
  }
}
