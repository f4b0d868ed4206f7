import { Agenda } from "../../core/process/agenda.ts";
import { times } from "../../core/concurrency/times.ts";
import { nextDue, type ParkedProcess, type StoredProcess } from "../../core/process/stored-process.ts";

/** Each costs an attempt from time to time. If more processes cannot go on, the whole manager waits. */
const mostPostponed = 1000;

/** A process that is tried again later. */
interface Postponed {
  tries: number;
  /** Milliseconds since 1970; null: it is due, and was not tried yet. */
  until: number | null;
}

/** A manager's facts about all its processes, in memory: the next deadlines, the parked and the waiting events. */
export class KnownProcesses {
  readonly agenda = new Agenda();
  /** By process id. */
  readonly parked = new Map<string, ParkedProcess>();
  /** Processes with waiting events that are not blocked any more. */
  readonly unfinished = new Set<string>();
  /** The number of waiting events by process id. */
  readonly #waiting = new Map<string, number>();
  readonly #postponed = new Map<string, Postponed>();

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
    this.#postponed.clear();
  }

  /** Takes over the stored state of a process; null: it has ended. Returns whether its parked event has changed. */
  note(id: string, process: StoredProcess | null): boolean {
    const { parked, waiting } = process ?? {};
    const before = this.parked.get(id);
    if (!process || parked) this.#postponed.delete(id);
    this.agenda.set(id, this.#postponed.get(id)?.until ?? (process && nextDue(process)));
    if (parked) this.parked.set(id, parked);
    else this.parked.delete(id);
    if (!parked && waiting && !this.isPostponed(id)) this.unfinished.add(id);
    else this.unfinished.delete(id);
    if (waiting) this.#waiting.set(id, waiting.count);
    else this.#waiting.delete(id);
    return parked !== before;
  }

  /** The process is tried again later, after a growing delay; null if too many are already. */
  postpone(id: string): { tries: number; until: number } | null {
    const { tries: before = 0 } = this.#postponed.get(id) ?? {};
    if (before === 0 && this.#postponed.size >= mostPostponed) return null;
    const { firstMs, processMs } = times.consumerRetry;
    const postponed = { tries: before + 1, until: Date.now() + Math.min(firstMs * 2 ** before, processMs) };
    this.#postponed.set(id, postponed);
    this.unfinished.delete(id);
    this.agenda.set(id, postponed.until);
    return postponed;
  }

  isPostponed(id: string): boolean {
    return (this.#postponed.get(id)?.until ?? null) !== null;
  }

  /** Those that are due at `now` are tried again. */
  resume(now: number): void {
    for (const [id, postponed] of this.#postponed) {
      if (postponed.until === null || postponed.until > now) continue;
      postponed.until = null;
      if (!this.#waiting.has(id)) continue;
      // Its deadlines wait behind its events.
      this.agenda.set(id, null);
      this.unfinished.add(id);
    }
  }

  /** The process has handled something. */
  endPostponement(id: string): void {
    if (this.#postponed.size > 0) this.#postponed.delete(id);
  }

  get waitingCount(): number {
    return [...this.#waiting.values()].reduce((sum, count) => sum + count, 0);
  }
}
