import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import type { ParkedProcess, StoredProcess } from "../../core/process/stored-process.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import { Checkpoint } from "../consumer/checkpoint.ts";
import { CheckpointedWork } from "../consumer/checkpointed-work.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";
import type { ErrorPolicy, Interruption } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { Failures } from "../consumer/failures.ts";
import type { LeasedWork } from "../consumer/leased-host.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";
import type { StartFrom } from "../consumer/start-from.ts";
import type { Holding } from "../consumer/work.ts";
import type { TimeLimit } from "../consumer/time-limit.ts";
import type { OperatorLog } from "../../core/text/state-log.ts";
import { Alarm } from "./alarm.ts";
import { KnownProcesses } from "./known-processes.ts";
import { Processes } from "./processes.ts";
import { LostEvents } from "./lost-events.ts";
import { ParallelWork } from "./parallel-work.ts";
import { dueUntil, PageProgress } from "./page-progress.ts";
import { ProcessProbe } from "./process-probe.ts";
import { ProcessQueue } from "./process-queue.ts";
import { ProcessRunner, type Outside } from "./process-runner.ts";
import { LateWork } from "./late-work.ts";
import { WaitingEvents } from "./waiting-events.ts";

interface Dependencies extends Interruption, OperatorLog {
  name: string;
  definition: ProcessDefinition;
  formerName?: string | undefined;
  startFrom: StartFrom;
  source: EventSource;
  lease: LeaseHold;
  policy: ErrorPolicy;
  timeLimit: TimeLimit;
  outside: Outside;
  /** Makes the consumer poll again. */
  wake: () => void;
}

/** The deadlines and the control state are checked once per page. */
const eventsPerPage = 200;

/**
 * The work of a process manager: events of different processes in parallel, those of one in the order of the log. A
 * process is stored after each event, the checkpoint at intervals, so an event that is read again after a crash is
 * ignored.
 */
export class ProcessManagerWorker extends CheckpointedWork<ParkedProcess> implements LeasedWork {
  readonly lease: LeaseHold;
  readonly failures: Failures;
  readonly #d: Dependencies;
  protected readonly checkpoint: Checkpoint<ParkedProcess>;
  readonly #processes: Processes;
  readonly #queue: ProcessQueue;
  readonly #lost: LostEvents;
  readonly #known = new KnownProcesses();
  readonly #alarm: Alarm;
  readonly #late: LateWork;
  readonly #probe: ProcessProbe;
  #skipped: ReadonlySet<string> = new Set();
  #askedAt = 0;
  readonly #atWork = new ParallelWork(() => this.#mustStop());
  #saving: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    super();
    this.#d = dependencies;
    this.lease = dependencies.lease;
    const failures = (this.failures = new Failures(dependencies.name, dependencies.policy));
    this.#alarm = new Alarm(dependencies.wake);
    const parked = () => this.parked();
    this.checkpoint = new Checkpoint<ParkedProcess>({ ...dependencies, parked, takeOver: () => this.#takeOver() });
    this.#processes = new Processes({ ...dependencies, checkpoint: this.checkpoint, tell: this.#note.bind(this) });
    const isInCharge = () => this.isInCharge;
    const runner = new ProcessRunner({ ...dependencies, processes: this.#processes, failures, isInCharge });
    const isGivenUp = (id: string) => this.#skipped.has(id);
    const isLost = (position: number) => this.#lost.holds(position);
    const common = { ...dependencies, processes: this.#processes, failures, runner, known: this.#known };
    this.#queue = new ProcessQueue({
      ...common,
      isGivenUp,
      isLost,
      waiting: new WaitingEvents({ ...dependencies, isGivenUp, isLost }),
      mustStop: () => this.#mustStop(),
    });
    this.#lost = new LostEvents({
      ...common,
      queue: this.#queue,
      isPassed: (position) => position <= this.checkpoint.progress.position,
    });
    this.#probe = new ProcessProbe({
      ...common,
      isPassed: ({ id, position }) => isGivenUp(id) || isLost(position),
      isInterrupted: () => dependencies.isInterrupted() || !this.isInCharge,
    });
    this.#late = new LateWork({ ...common, queue: this.#queue, lost: this.#lost, atWork: this.#atWork });
  }

  override acquire(): Promise<Holding> {
    // Events that are appended after this moment are later than the deadlines that are due by now.
    this.#askedAt = Date.now();
    this.#known.resume(this.#askedAt);
    return super.acquire();
  }

  /** Another node may have changed everything. */
  async #takeOver(): Promise<void> {
    this.failures.clear();
    this.#processes.forget();
    this.#known.clear();
    this.#late.forget();
    for await (const [id, process] of this.#processes.all()) this.#note(id, process);
    // `load` removes a process that has ended.
    for (const id of this.#known.parked.keys()) await this.#processes.load(id);
    await this.#lost.load();
    this.#d.debug(`${this.#d.name} processes: unknown -> loaded`, this.#known.counts);
  }

  #note(id: string, process: StoredProcess | null): void {
    // A standby reads the parked events from the checkpoint.
    if (this.#known.note(id, process)) this.checkpoint.touch();
  }

  beforePage(): number {
    return eventsPerPage;
  }

  rejectWaiters(): void {
    this.#alarm.set(null);
  }

  async handle(page: ConsumerPage): Promise<void> {
    this.#alarm.set(null);
    try {
      while (!(await this.#handlePage(page)));
    } finally {
      // Saved before every wait, which may be long.
      await this.save();
    }
    this.#alarm.set(this.#known.agenda.next);
  }

  /** False: one has failed that no outage makes fail, and is handled again. @throws an outage's error */
  async #handlePage(page: ConsumerPage): Promise<boolean> {
    this.#atWork.begin();
    let until = Date.parse(page.events[0]?.time ?? "") - 1;
    try {
      if (!(await this.#handleEvents(page)) || this.#mustStop()) return true;
      this.checkpoint.pass(page.position, page.positionId, page.log);
      until = dueUntil(page, this.#askedAt);
      await this.#fireDue(until);
      if (!this.#mustStop()) this.failures.endPage();
      return true;
    } catch (error) {
      if (await this.#probe.run(page, until)) return false;
      throw error;
    }
  }

  /** Returns whether every event is done. Counted, since a flag that stopped one process may be cleared by then. */
  async #handleEvents({ events, log, unreadable }: ConsumerPage): Promise<boolean> {
    const progress = new PageProgress(events);
    const done = (event: RecordedEvent) => {
      const last = progress.note(event);
      if (last) this.checkpoint.pass(last.position, last.id, log);
      return this.#saveNowAndThen();
    };
    const queues = new Map<string, RecordedEvent[]>();
    for (const event of events.map(freezeEvent)) {
      if (this.#mustStop()) break;
      const processes = this.#skipped.has(event.id) ? [] : await this.#lost.correlate(event, unreadable?.[event.id]);
      if (processes === undefined) break;
      if (processes.length === 0) await done(event);
      progress.expect(event, processes.length);
      for (const [id, own] of processes) if (!queues.get(id)?.push(own)) queues.set(id, [own]);
    }
    await this.#atWork.run([...queues], async ([id, queued]) => {
      while (queued.length > 0 && !this.#mustStop()) {
        const count = await this.#queue.add(id, queued);
        if (count === 0) return;
        for (const event of queued.splice(0, count)) await done(event);
      }
    });
    return progress.isDone;
  }

  async #fireDue(until: number): Promise<void> {
    const due = this.#known.agenda.take(until, 1000);
    // Put back into the agenda at once: the work may stop before the first deadline.
    for (const { key, at } of due) this.#known.agenda.set(key, at);
    await this.#atWork.run(due, async ({ key: id }) => {
      // Waiting events of the process that are older than the deadline come first.
      if (this.#known.unfinished.has(id)) return;
      if (await this.#queue.fire(id, until)) this.#note(id, (await this.#processes.load(id)).process);
    });
  }

  #mustStop(): boolean {
    return this.#atWork.hasFailed || this.#d.isInterrupted() || this.failures.stopCause !== null || !this.isInCharge;
  }

  /** Processes that finish an event at the same time share one write. */
  #saveNowAndThen(): Promise<void> {
    this.#saving ??= this.checkpoint.saveNowAndThen().finally(() => (this.#saving = null));
    return this.#saving;
  }

  parked(): ParkedProcess[] {
    return this.#late.parked().toSorted((a, b) => a.parkedAt.localeCompare(b.parkedAt));
  }

  get parkedCount(): number {
    return this.#late.parked().length;
  }

  get waitingCount(): number {
    return this.#known.waitingCount;
  }

  async skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    if (this.failures.giveUp(skipped)) this.#known.resume(Infinity);
    this.#late.skip(skipped);
  }

  async retry(choice: ParkedChoice): Promise<void> {
    this.#late.choose(choice);
  }

  get isGoingOn(): boolean {
    return this.#late.isGoingOn;
  }

  async goOn(): Promise<number> {
    try {
      return await this.#late.goOn();
    } finally {
      await this.save();
    }
  }
}
