import {
  dueDeadlines,
  isFree,
  released,
  withoutDeadline,
  type ParkedProcess,
  type StoredProcess,
  type Waiting,
} from "../../core/process/stored-process.ts";
import { isNewerEvent } from "../../core/catalogue/newer-event.ts";
import { withoutWaiting, withWaiting } from "../../core/process/waiting.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Debug } from "../../core/text/state-log.ts";
import type { FailingEvent } from "../consumer/failure.ts";
import type { Failures } from "../consumer/failures.ts";
import { parkedWarning } from "../consumer/parked-streams.ts";
import type { KnownProcesses } from "./known-processes.ts";
import type { Processes } from "./processes.ts";
import type { Processed, ProcessRunner } from "./process-runner.ts";
import { parkedTask, taskId, type Task } from "./task.ts";
import type { WaitingEvents } from "./waiting-events.ts";

interface Dependencies {
  processes: Processes;
  known: Pick<KnownProcesses, "postpone" | "isPostponed" | "endPostponement">;
  failures: Pick<Failures, "parkedInARow" | "end" | "setAside">;
  runner: ProcessRunner;
  waiting: WaitingEvents;
  isGivenUp: (id: string) => boolean;
  /** Whether the event at this position is parked by itself. */
  isLost: (position: number) => boolean;
  mustStop: () => boolean;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/** Handles the events and deadlines of one process in order, even if some of them fail. */
export class ProcessQueue {
  readonly #d: Dependencies;
  /** How many events and deadlines were handled. */
  handled = 0;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /**
   * Returns how many of the events, from the first on, are done: handled, parked, or waiting. One write is enough for
   * all waiting events. Returns 0 if interrupted.
   */
  async add(id: string, events: readonly RecordedEvent[]): Promise<number> {
    const { processes } = this.#d;
    const event = events[0]!;
    const before = await processes.load(id);
    // After a crash before the checkpoint was written, events are read again.
    if (before.hasEnded || event.position <= (before.process?.position ?? 0)) return 1;
    if (before.process && this.#isBlocked(id, before.process)) return this.#wait(id, before.process, events);
    if (!(await this.#fireBefore(id, event))) return 0;
    const { process, hasEnded } = await processes.load(id);
    if (hasEnded) return 1;
    if (process && this.#isBlocked(id, process)) return this.#wait(id, process, events);
    const task: Task = { kind: "event", event };
    const handled = (now: StoredProcess) => ({ ...now, position: event.position });
    const run = async () => Number(await this.#run(id, task, handled));
    return this.#orPostpone(id, run, async () => this.#wait(id, await this.#d.runner.process(id, task), events));
  }

  #isBlocked(id: string, process: StoredProcess): boolean {
    return !isFree(process) || this.#d.known.isPostponed(id);
  }

  async #wait(id: string, process: StoredProcess, events: readonly RecordedEvent[]): Promise<number> {
    const positions = events.map(({ position }) => position);
    await this.#d.processes.save(id, withWaiting(process, positions));
    return events.length;
  }

  /**
   * Handles an event that is older than the checkpoint: newer ones of the process may have been handled. Returns false
   * if it was interrupted, or the process is parked.
   */
  async addLate(id: string, event: RecordedEvent): Promise<boolean> {
    const { processes, isLost } = this.#d;
    const before = await processes.load(id);
    if (before.hasEnded || before.process?.late?.includes(event.position)) return true;
    if (!(await this.goOn(id)) || !(await this.#fireBefore(id, event))) return false;
    const { process, hasEnded } = await processes.load(id);
    if (hasEnded) return true;
    if (process && this.#isBlocked(id, process)) return false;
    const handled = (now: StoredProcess): StoredProcess => {
      const late = [...(now.late ?? []).filter(isLost), event.position];
      return { ...now, late, position: Math.max(now.position, event.position) };
    };
    return this.#run(id, { kind: "event", event }, handled);
  }

  /**
   * An event at the exact time of a deadline is in time, so only earlier deadlines fire before it. If the event has
   * begun, it continues as it began, without deadlines.
   */
  async #fireBefore(id: string, event: RecordedEvent): Promise<boolean> {
    const { process } = await this.#d.processes.load(id);
    return process?.known?.of === event.id || this.fire(id, Date.parse(event.time) - 1);
  }

  /**
   * Handles the deadlines that are due at `until`; returns false if interrupted. Deadlines that they schedule in the
   * past fire at a later call: a deadline that schedules itself again would otherwise block all others.
   */
  async fire(id: string, until: number): Promise<boolean> {
    const { process: before } = await this.#d.processes.load(id);
    for (const { id: due } of before ? dueDeadlines(before, until) : []) {
      const { process } = await this.#d.processes.load(id);
      const deadline = process?.deadlines.find((one) => one.id === due);
      if (!process || !deadline || process.parked || this.#d.known.isPostponed(id)) continue;
      if (this.#d.mustStop()) return false;
      const done = (now: StoredProcess) => withoutDeadline(now, due);
      const run = () => this.#run(id, { kind: "deadline", deadline }, done);
      if (this.#d.isGivenUp(due)) await this.#d.processes.save(id, done(process));
      else if (!(await this.#orPostpone(id, run, async () => true))) return false;
    }
    return true;
  }

  /**
   * Handles the events that waited behind something that does not block them any more, at least one event. Returns
   * false if it was interrupted or postponed, or the time is up.
   */
  goOn(id: string, isTimeUp = () => false): Promise<boolean> {
    const run = () => this.#goOn(id, isTimeUp);
    return this.#orPostpone(id, run, async () => false);
  }

  async #goOn(id: string, isTimeUp: () => boolean): Promise<boolean> {
    const start = await this.#goesOn(id);
    if (!start) return true;
    let hasBegun = false;
    for await (const { position, task } of this.#d.waiting.between(id, start.waiting.from, start.position)) {
      if (this.#d.mustStop() || (hasBegun && isTimeUp())) return false;
      hasBegun = true;
      // There may be thousands of steps that never yield to the event loop, and the lease has to be renewed meanwhile.
      await new Promise((turn) => setImmediate(turn));
      if (task && !(await this.#fireBefore(id, task.event))) return false;
      // Each step may park or end the process; then the remaining events are not handled here.
      const process = await this.#goesOn(id);
      if (!process) return true;
      const passed = (now: StoredProcess) => withoutWaiting(now, position, task ? 1 : 0);
      if (!task) await this.#d.processes.save(id, passed(process));
      else if (!(await this.#run(id, task, passed))) return false;
    }
    return true;
  }

  /** The process, if it has waiting events that are not blocked any more. */
  async #goesOn(id: string): Promise<(StoredProcess & { waiting: Waiting }) | null> {
    const { process } = await this.#d.processes.load(id);
    if (this.#d.known.isPostponed(id)) return null;
    return process?.waiting && !process.parked ? { ...process, waiting: process.waiting } : null;
  }

  /** Retries the parked event or deadline, or gives it up. Afterwards the events behind it no longer wait. */
  async release(id: string): Promise<void> {
    const { process } = await this.#d.processes.load(id);
    if (!process?.parked) return;
    const { parked } = process;
    const task =
      parked.kind === "event" ? await this.#d.waiting.at(id, parked.position) : deadlineIn(process, parked.id);
    const passed = (now: StoredProcess) => released(withoutDeadline(now, parked.id));
    const log = (to: string) => this.#d.debug(`process ${id}: parked -> ${to}`, { parked: parked.id });
    if (!task || this.#d.isGivenUp(parked.id)) {
      await this.#d.processes.save(id, passed(process));
      return log("given up");
    }
    const end = await this.#d.runner.run(id, task, passed, { once: true });
    log(typeof end === "object" ? "parked again" : end);
    if (end === "done") this.handled++;
    if (typeof end === "object") await this.#park(id, task, { ...end, attempts: parked.attempts + 1 }, (now) => now);
  }

  async #run(id: string, task: Task, passed: (now: StoredProcess) => StoredProcess): Promise<boolean> {
    const end: Processed = await this.#d.runner.run(id, task, passed);
    if (end === "interrupted") return false;
    if (end === "done") {
      this.#d.failures.parkedInARow = 0;
      this.#d.failures.end(taskId(task));
      this.#d.known.endPostponement(id);
      this.handled++;
      return true;
    }
    await this.#park(id, task, end, task.kind === "event" ? passed : (now) => now);
    this.#d.failures.parkedInARow++;
    return true;
  }

  /**
   * A command that meets an event of a newer release fails on this node until a node of that release is there, but only
   * for the entities with such events. So the process is tried again later, and the others go on.
   */
  async #orPostpone<Answer>(id: string, work: () => Promise<Answer>, otherwise: () => Promise<Answer>) {
    try {
      return await work();
    } catch (error) {
      if (!isNewerEvent(error)) throw error;
      const postponed = this.#d.known.postpone(id);
      if (!postponed) throw error;
      const failing = this.#d.failures.setAside(id, postponed.until);
      if (postponed.tries === 1) this.#d.warn(...postponedWarning(id, error, failing));
      return otherwise();
    }
  }

  async #park(
    id: string,
    task: Task,
    failure: { error: unknown; attempts: number },
    passed: (now: StoredProcess) => StoredProcess,
  ): Promise<void> {
    const parked: ParkedProcess = parkedTask(task, id, failure);
    const process = await this.#d.runner.process(id, task);
    await this.#d.processes.save(id, { ...passed(process), parked });
    const [, details] = parkedWarning(parked);
    this.#d.warn("A process is parked: its later events wait, those of others go on", { process: id, ...details });
  }
}

const postponedWarning = (process: string, { message }: Error, failing: FailingEvent | null): [string, object] => [
  "A process waits for a newer release, since its command has met an event of it: its later events wait, those of others go on",
  { process, ...failing, error: message },
];

function deadlineIn({ deadlines }: StoredProcess, id: string): Task | null {
  const deadline = deadlines.find((one) => one.id === id);
  return deadline ? { kind: "deadline", deadline } : null;
}
