import type { Context } from "moleculer";
import { Attempt, plain, type SentCommand } from "../../core/process/attempt.ts";
import type { Link } from "../../core/event/causation.ts";
import { isTooDeep } from "../../core/event/causation.ts";
import { isDamagedEvent } from "../../core/event/damaged-event.ts";
import { StoreUnavailableError, ValidationError } from "../../core/errors/errors.ts";
import { keptError, restoredError } from "../../core/process/kept-error.ts";
import {
  newProcess,
  withOutcome,
  type KeptError,
  type KeptRefusal,
  type StoredProcess,
} from "../../core/process/stored-process.ts";
import type { ProcessDefinition, ProcessView } from "../../core/process/definition.ts";
import { isOutage } from "../../core/errors/outage.ts";
import type { Interruption, Tried } from "../consumer/error-policy.ts";
import type { Failures } from "../consumer/failures.ts";
import type { TimeLimit } from "../consumer/time-limit.ts";
import { partsOf } from "../../core/event/page-event.ts";
import { needsAll } from "../consumer/later-events.ts";
import { tryAgain } from "../consumer/try-again.ts";
import type { Processes } from "./processes.ts";
import { causeOf, eventOf, handlersOf, neededBy, plainDeadline, taskId, type Task } from "./task.ts";
import { isUpcastError } from "../../core/catalogue/upcast-error.ts";

/** A process manager's access to the broker. */
export interface Outside {
  /** Creates the context of one attempt. */
  context: (cause: ReturnType<typeof causeOf>) => Context;
  send: (ctx: Context, command: SentCommand) => Promise<unknown>;
  chain: (eventId: string, atMost: number) => Promise<readonly Link[]>;
  /** An event was handled, and its outcome is stored. */
  onHandled: () => void;
}

interface Dependencies extends Interruption {
  definition: ProcessDefinition;
  processes: Processes;
  failures: Failures;
  timeLimit: TimeLimit;
  outside: Outside;
  isInCharge: () => boolean;
}

/** The limit of a process's state and deadlines, which every message that saves it carries between nodes. */
const maxProcessBytes = 512 * 1024;

/** The outcome of a task; an `interrupted` one is handled later. */
export type Processed = "done" | "interrupted" | { error: unknown; attempts: number };

/** Handles one task of one process: its handler, the retries, and the compensation of a failure. */
export class ProcessRunner {
  readonly #d: Dependencies;
  readonly #handlersOf: (task: Task) => ((view: ProcessView) => unknown)[];
  readonly #neededBy: (task: Task) => readonly unknown[];

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#handlersOf = handlersOf(dependencies.definition);
    this.#neededBy = neededBy(dependencies.definition);
  }

  /**
   * `change`: applied to the process and stored with the outcome, in the same write. With `once`, a failure is
   * returned without retries. @throws an outage's error
   */
  async run(
    id: string,
    task: Task,
    change: (process: StoredProcess) => StoredProcess,
    { once = false } = {},
  ): Promise<Processed> {
    const again = () => this.#try(id, task, change);
    for (;;) {
      const tried = await again();
      if (!("error" in tried)) return "done";
      const end = once ? this.#failedOnce(tried.error) : await this.#tryAgain(id, task, tried.error, again);
      if (end === "done" || end === "interrupted" || !(await this.#willMakeUp(id, task, end.error))) return end;
    }
  }

  /** One attempt whose failure changes nothing; it is made again in its turn. */
  async isHandled(id: string, task: Task, change: (process: StoredProcess) => StoredProcess): Promise<boolean> {
    return !("error" in (await this.#try(id, task, change)));
  }

  async #tryAgain(process: string, task: Task, error: unknown, again: () => Promise<Tried>): Promise<Processed> {
    const { sleep, isInCharge, failures, processes, definition } = this.#d;
    const isInterrupted = () => this.#d.isInterrupted() || !isInCharge();
    const { known } = (await processes.load(process)).process ?? {};
    const isMadeUp = known?.of === taskId(task) && known.failure !== undefined;
    const needs = isMadeUp ? [definition.compensate] : this.#neededBy(task);
    return tryAgain(failures, { event: eventOf(task), process, needs }, error, { sleep, isInterrupted }, again);
  }

  #failedOnce(error: unknown): Processed {
    if (isOutage(error)) throw error;
    return this.#d.isStopping() || !this.#d.isInCharge() ? "interrupted" : { error, attempts: 1 };
  }

  async #try(id: string, task: Task, change: (process: StoredProcess) => StoredProcess): Promise<Tried> {
    const { failures } = this.#d;
    const others = failures.isEmpty ? [] : failures.awaited.filter(({ process }) => process !== id);
    const tries = others.map(({ attempts }) => attempts);
    const tried = await this.#tryOnce(id, task, change);
    if ("error" in tried || others.length === 0) return tried;
    const handlers = this.#neededBy(task);
    for (const [index, other] of others.entries())
      if (other.needs && needsAll(handlers, other.needs)) other.witnessedAfter = tries[index]!;
    return tried;
  }

  async #tryOnce(id: string, task: Task, change: (process: StoredProcess) => StoredProcess): Promise<Tried> {
    try {
      if (this.#d.isStopping()) throw new StoreUnavailableError(this.#d.definition.name, "this node stops");
      this.#mustBeInCharge();
      if (task.kind === "event" && task.unreadable) throw task.unreadable;
      // Another attempt must not restart a process that was ended in the meantime.
      if ((await this.#d.processes.load(id)).hasEnded) return {};
      const process = await this.process(id, task);
      const outcome = await this.#attempt(id, task, process);
      if (outcome.hasEnded)
        await this.#d.processes.end(id, task.kind === "event" ? task.event.position : process.position);
      else await this.#d.processes.save(id, this.#checkSize(id, change(withOutcome(process, outcome))));
      if (task.kind === "event") this.#d.outside.onHandled();
      return {};
    } catch (error) {
      return { error };
    }
  }

  #mustBeInCharge(): void {
    if (this.#d.isInCharge()) return;
    throw new StoreUnavailableError(this.#d.definition.name, "this node handles no more events; it lost its lease");
  }

  /** The stored process; a new one is stored with its first change. */
  async process(id: string, task: Task): Promise<StoredProcess> {
    const { process } = await this.#d.processes.load(id);
    if (process) return process;
    const { name, initialState } = this.#d.definition;
    const state = initialState && plain(`${name}: what initialState answers`, initialState());
    return newProcess(state, causeOf(task).time);
  }

  async #attempt(id: string, task: Task, { state, known }: StoredProcess) {
    const { definition, outside, processes, timeLimit } = this.#d;
    const cause = causeOf(task);
    const { failure, refusals = {} } = known?.of === cause.id ? known : {};
    const ctx = outside.context(cause);
    const keep = async (change: { refusals: Readonly<Record<string, KeptRefusal>> }) => {
      const now = await this.process(id, task);
      await processes.save(id, { ...now, known: { of: cause.id, ...(failure && { failure }), ...change } });
    };
    const attempt = new Attempt({
      definition,
      cause,
      id,
      state,
      ctx,
      refusals,
      isCompensation: failure !== undefined,
      send: (command) => {
        // Another node may have got another answer in the meantime and handled the task differently.
        this.#mustBeInCharge();
        return outside.send(ctx, command);
      },
      keepRefusals: (seen) => keep({ refusals: seen }),
      chain: () => outside.chain(cause.causationId, definition.maxDepth + 1),
    });
    const handlers = failure ? [this.#compensation(task, failure)] : this.#handlersOf(task);
    try {
      return await timeLimit.wait(cause.handler, attempt.run(handlers));
    } finally {
      attempt.giveUp();
    }
  }

  #compensation(task: Task, failure: KeptError): (view: ProcessView) => unknown {
    const { name, compensate } = this.#d.definition;
    if (!compensate) throw new Error(`${name}: there is no compensate (any more)`);
    const cause = task.kind === "event" ? partsOf(task.event)[0]! : plainDeadline(task.deadline);
    return (view) => compensate(cause, restoredError(failure), view);
  }

  /** Stored before the first command of a compensation is sent: after a crash the handler must not succeed instead. */
  async #willMakeUp(id: string, task: Task, error: unknown): Promise<boolean> {
    const { compensate, deadlines } = this.#d.definition;
    if (!compensate || isTooDeep(error) || isUpcastError(error) || isDamagedEvent(error)) return false;
    // Its command may have been stored all the same: compensating would add to it. An operator has to decide.
    if (isOutage(error)) return false;
    // Its first command was stored.
    if ((error as { type?: unknown } | null)?.type === "COMMAND_ID_REUSED") return false;
    // The deadline has no handler, so none has failed: an operator has to decide.
    if (task.kind === "deadline" && !Object.hasOwn(deadlines, task.deadline.name)) return false;
    const process = await this.process(id, task);
    const of = taskId(task);
    if (process.known?.of === of && process.known.failure) return false;
    await this.#d.processes.save(id, { ...process, known: { of, refusals: {}, failure: keptError(error) } });
    return true;
  }

  #checkSize(id: string, process: StoredProcess): StoredProcess {
    const { state, deadlines } = process;
    // The waiting events are not counted, since the handler does not control them.
    const found = Buffer.byteLength(JSON.stringify({ state, deadlines }));
    if (found <= maxProcessBytes) return process;
    const expected = `at most ${maxProcessBytes} with its deadlines`;
    const { name } = this.#d.definition;
    throw new ValidationError([{ field: `${name}: the bytes of ${id} as JSON`, found, expected }]);
  }
}
