import { processesOf } from "../../core/process/correlation.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import { dueDeadlines, isFree, withoutDeadline, type StoredProcess } from "../../core/process/stored-process.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { Failure } from "../consumer/failure.ts";
import type { Failures } from "../consumer/failures.ts";
import { eventsFrom, needsAll, probe } from "../consumer/later-events.ts";
import type { KnownProcesses } from "./known-processes.ts";
import type { Processes } from "./processes.ts";
import type { ProcessRunner } from "./process-runner.ts";
import { neededBy, type Task } from "./task.ts";

interface Dependencies {
  definition: ProcessDefinition;
  failures: Failures;
  source: Pick<EventSource, "page">;
  processes: Pick<Processes, "load">;
  known: KnownProcesses;
  runner: ProcessRunner;
  /** Whether an event is skipped, or parked without a process. */
  isPassed: (event: RecordedEvent) => boolean;
  isInterrupted: () => boolean;
}

interface Candidate {
  process: string;
  task: Task;
  change: (process: StoredProcess) => StoredProcess;
}

const eventsPerPage = 1000;
/** Each costs a look at its process. No more are handled beside the suspect. */
const reach = 1000;

/**
 * Handles the next event or deadline of other processes, to tell one whose command always fails from an outage. Their
 * processes store that they are handled, as they do in their turn.
 */
export class ProcessProbe {
  readonly #d: Dependencies;
  readonly #neededBy: (task: Task) => readonly unknown[];

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#neededBy = neededBy(dependencies.definition);
  }

  /**
   * Call while no process is handled. `until`: every event up to this time is handled, so deadlines up to it may fire.
   */
  run(page: ConsumerPage, until: number): Promise<boolean> {
    return probe({
      ...this.#d,
      // A deadline stands for an event without a stream.
      candidates: (suspect) =>
        suspect.event.stream === "" ? this.#deadlines(suspect, until) : this.#events(suspect, page),
      passes: ({ process, task, change }) => this.#d.runner.isHandled(process, task, change),
    });
  }

  /**
   * The next event of each other process that is free, in the order of the log: first of those that have handled an event
   * after the suspect already. Others may never pass, too.
   */
  async *#events({ event: suspect, process: own = "", needs = [] }: Failure, page: ConsumerPage) {
    const { source, processes, isPassed } = this.#d;
    const others: Candidate[] = [];
    const seen = new Set([own]);
    const events = eventsFrom(page, (after) => source.page(after, eventsPerPage), reach);
    for await (const { event: whole, isReadable } of events)
      for (const [id, event] of isReadable && !isPassed(whole) ? this.#processesOf(whole) : []) {
        if (seen.has(id)) continue;
        const { process, hasEnded } = await processes.load(id);
        if (hasEnded || event.position <= (process?.position ?? 0)) continue;
        seen.add(id);
        const task: Task = { kind: "event", event: freezeEvent(event) };
        if ((process && !isUnburdened(process, event)) || !needsAll(this.#neededBy(task), needs)) continue;
        const change = (now: StoredProcess) => ({ ...now, position: event.position });
        const candidate: Candidate = { process: id, task, change };
        if (process && process.position > suspect.position) yield candidate;
        else others.push(candidate);
      }
    yield* others;
  }

  /** None for an event that cannot be correlated: it is not probed. */
  #processesOf(event: RecordedEvent): ReturnType<typeof processesOf> {
    try {
      return processesOf(this.#d.definition, event);
    } catch {
      return [];
    }
  }

  /** The next deadline of each other process, if it has the suspect's name. */
  async *#deadlines({ event: { type }, process: own, needs = [] }: Failure, until: number): AsyncGenerator<Candidate> {
    const { known, processes } = this.#d;
    const due = known.agenda.take(until, 1000);
    for (const { key, at } of due) known.agenda.set(key, at);
    for (const { key: id } of due) {
      if (id === own || known.unfinished.has(id)) continue;
      const { process } = await processes.load(id);
      const [deadline] = process ? dueDeadlines(process, until) : [];
      if (deadline?.name !== type || !needsAll(this.#neededBy({ kind: "deadline", deadline }), needs)) continue;
      const change = (now: StoredProcess) => withoutDeadline(now, deadline.id);
      yield { process: id, task: { kind: "deadline", deadline }, change };
    }
  }
}

/** Whether nothing of the process comes before the event. */
const isUnburdened = (process: StoredProcess, { time }: RecordedEvent): boolean =>
  isFree(process) && dueDeadlines(process, Date.parse(time) - 1).length === 0;
