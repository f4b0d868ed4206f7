import type { Debug } from "../../core/text/state-log.ts";
import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { isOutage } from "../../core/errors/outage.ts";
import type { ParkedStream } from "../../core/table/read-table.ts";
import { partsOf } from "../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Unreadable } from "../../core/catalogue/upcast-page.ts";
import { Checkpoint } from "../consumer/checkpoint.ts";
import type { CheckpointState } from "../consumer/checkpoint-state.ts";
import { CheckpointedWork } from "../consumer/checkpointed-work.ts";
import type { LeasedWork } from "../consumer/leased-host.ts";
import type { ErrorPolicy, Interruption, Tried } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { Failures } from "../consumer/failures.ts";
import { LateStreams } from "../consumer/late-streams.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";
import { failedAt, parkedAs, ParkedStreams, parkedWarning, passedIn } from "../consumer/parked-streams.ts";
import type { StartFrom } from "../consumer/start-from.ts";
import { tryAgain } from "../consumer/try-again.ts";
import type { ConsumerPage, StreamPage } from "../consumer/consumer-page.ts";
import { EarlyEvents } from "./early-events.ts";

interface Dependencies extends Interruption {
  name: string;
  formerName?: string | undefined;
  startFrom: StartFrom;
  source: EventSource;
  lease: LeaseHold;
  policy: ErrorPolicy;
  handle: (event: RecordedEvent) => Promise<void>;
  /** The handlers of a type. */
  handlersOf: (type: string) => readonly unknown[];
  warn: (message: string, details: object) => void;
  debug: Debug;
}

const eventsPerPage = 1000;

/**
 * The work of a subscription: passes each event to its handler, in the order of the log. The checkpoint is written
 * after the handler, so a crash between the two repeats some events.
 */
export class SubscriptionWorker extends CheckpointedWork<ParkedStream> implements LeasedWork {
  readonly lease: LeaseHold;
  readonly failures: Failures;
  readonly #d: Dependencies;
  protected readonly checkpoint: Checkpoint<ParkedStream>;
  readonly #parked = new ParkedStreams();
  readonly #late: LateStreams;
  readonly #early: EarlyEvents;
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: Dependencies) {
    super();
    this.#d = dependencies;
    this.lease = dependencies.lease;
    this.failures = new Failures(dependencies.name, dependencies.policy);
    this.#late = new LateStreams({
      source: dependencies.source,
      parked: this.#parked,
      isInterrupted: () => this.#isInterrupted(),
      upTo: () => this.checkpoint.progress.position,
      handle: this.#handleLate.bind(this),
      put: this.#put.bind(this),
    });
    this.checkpoint = new Checkpoint<ParkedStream>({
      ...dependencies,
      parked: () => this.parked(),
      takeOver: this.#takeOver.bind(this),
    });
    this.#early = new EarlyEvents({
      ...dependencies,
      failures: this.failures,
      checkpoint: this.checkpoint,
      isSkipped: (id) => this.#skipped.has(id),
      isParked: (stream) => this.#parked.holds(stream),
      isInterrupted: () => this.#isInterrupted(),
    });
  }

  #takeOver(state: CheckpointState<ParkedStream> | null): void {
    this.failures.clear();
    if (state) this.#parked.replace(state.parked);
  }

  beforePage(): number {
    return eventsPerPage;
  }

  rejectWaiters(): void {}

  async handle(page: ConsumerPage): Promise<void> {
    const { events, position, positionId, log } = page;
    try {
      for (const event of events) {
        if (this.#mustStop() || !(await this.#handleOne(event, page))) return;
        this.checkpoint.pass(event.position, event.id, log);
        await this.checkpoint.saveNowAndThen();
      }
      if (this.#mustStop()) return;
      this.checkpoint.pass(position, positionId, log);
      this.failures.clear();
    } finally {
      // Saved before every wait, which may be long.
      await this.save();
    }
  }

  #mustStop(): boolean {
    return this.failures.stopCause !== null || this.#isInterrupted();
  }

  #isInterrupted(): boolean {
    return this.#d.isInterrupted() || !this.isInCharge;
  }

  /** Whether the event is done: handled, parked, or waiting behind a parked one. */
  async #handleOne(event: RecordedEvent, page: ConsumerPage): Promise<boolean> {
    if (this.#skipped.has(event.id) || this.checkpoint.isEarly(event.id)) return true;
    const waiting = this.#parked.get(event.stream);
    if (waiting) return this.#wait(waiting);
    const unreadable = page.unreadable?.[event.id];
    const rest = [...partsOf(event)];
    const tried = unreadable ? { error: unreadable } : await this.#try(rest);
    if (!("error" in tried)) return this.#did(event);
    const interruption = { sleep: this.#d.sleep, isInterrupted: () => this.#isInterrupted() };
    const again = () => this.#try(rest);
    const end = await tryAgain(this.failures, { event }, tried.error, interruption, again, () =>
      this.#early.probe(page),
    );
    if (end === "interrupted") return false;
    if (end === "done") return this.#did(event);
    await this.#park(event, end.error, end.attempts);
    this.failures.parkedInARow++;
    return true;
  }

  /** The count is stored with the checkpoint after the event. */
  #wait(stream: ParkedStream): true {
    this.#parked.set({ ...stream, waiting: stream.waiting + 1 });
    return true;
  }

  #did({ id }: RecordedEvent): true {
    this.failures.parkedInARow = 0;
    if (!this.failures.isEmpty) this.failures.end(id);
    return true;
  }

  /** Removes the events that are handled, so that a retry goes on at the one that has failed. */
  async #try(rest: RecordedEvent[]): Promise<Tried> {
    try {
      for (let event = rest[0]; event; event = rest[0]) {
        await this.#d.handle(freezeEvent(event));
        rest.shift();
      }
      return {};
    } catch (error) {
      return { error };
    }
  }

  async #park(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const { id, position } = event;
    const parked = { ...parkedAs(event, { error, attempts }), waiting: 0 };
    this.#parked.set(parked);
    this.#d.warn(...parkedWarning(parked));
    this.checkpoint.pass(position, id);
    await this.checkpoint.store();
  }

  parked(): ParkedStream[] {
    return this.#parked.list();
  }

  /** Counts the first event of each stream; the events behind it are not counted. */
  get parkedCount(): number {
    return this.#parked.size;
  }

  get waitingCount(): number {
    return this.parked().reduce((sum, { waiting }) => sum + waiting, 0);
  }

  async skip(skipped: ReadonlySet<string>): Promise<void> {
    this.#skipped = skipped;
    this.failures.giveUp(skipped);
    const given = [...this.#parked.values()].filter(({ id, error }) => error && skipped.has(id));
    if (given.length === 0) return;
    for (const stream of given) this.#put(stream.stream, passedIn(stream, stream));
    await this.checkpoint.store();
  }

  async retry(choice: ParkedChoice): Promise<void> {
    this.#parked.choose(choice);
  }

  get isGoingOn(): boolean {
    return this.#parked.isGoingOn;
  }

  async goOn(): Promise<number> {
    if (!this.isInCharge) return 0;
    try {
      return await this.#late.goOn();
    } finally {
      await this.save();
    }
  }

  /** Null: nothing of the stream waits any more. */
  #put(stream: string, parked: ParkedStream | null): void {
    if (parked) this.#parked.set(parked);
    else this.#parked.delete(stream);
    this.checkpoint.touch();
  }

  async #handleLate({ events, unreadable }: StreamPage, mustStop: () => boolean): Promise<number> {
    const pace = new Pace();
    let handled = 0;
    for (const event of events) {
      if (handled > 0 && mustStop()) break;
      // Handlers may never yield to the event loop.
      if (pace.isDue()) await pace.turn();
      if (!(await this.#handleOneLate(event, unreadable?.[event.id]))) break;
      if (!this.#skipped.has(event.id)) handled++;
    }
    return handled;
  }

  /** Returns whether the event is done; if not, it is parked again. @throws an outage's error */
  async #handleOneLate(event: RecordedEvent, unreadable: Unreadable | undefined): Promise<boolean> {
    const tried = this.#skipped.has(event.id)
      ? {}
      : unreadable
        ? { error: unreadable }
        : await this.#try([...partsOf(event)]);
    if ("error" in tried && isOutage(tried.error)) throw tried.error;
    const stream = this.#parked.get(event.stream)!;
    this.#put(event.stream, "error" in tried ? failedAt(stream, event, tried.error) : passedIn(stream, event));
    await this.checkpoint.saveNowAndThen();
    return !("error" in tried);
  }
}
