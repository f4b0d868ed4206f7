import type { ParkedChoice } from "../../core/consumer-control.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import { isOutage } from "../../core/outage.ts";
import type { ParkedEvent } from "../../core/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../core/recorded-event.ts";
import type { Unreadable } from "../../core/upcast.ts";
import { Checkpoint, type CheckpointState, type StartFrom } from "../consumer/checkpoint.ts";
import type { Work } from "../consumer/work.ts";
import { tryAgain, type ErrorPolicy, type Interruption, type Tried } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";
import { parkedAs, ParkedEvents, parkedWarning } from "../consumer/parked-events.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";

interface Dependencies extends Interruption {
  name: string;
  startFrom: StartFrom;
  source: EventSource;
  lease: LeaseHold;
  policy: ErrorPolicy;
  handle: (event: RecordedEvent) => Promise<void>;
  warn: (message: string, details: object) => void;
}

/**
 * The work of a subscription: hands each event to its handler, in the order of the log, and remembers how far it is. The
 * checkpoint is written after the handler, so a crash between the two repeats some events.
 */
export class Handling implements Work {
  readonly #d: Dependencies;
  readonly #checkpoint: Checkpoint;
  readonly #parked = new ParkedEvents([]);
  #parkedInARow = 0;
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#checkpoint = new Checkpoint({
      ...dependencies,
      parked: () => this.parked(),
      // Of each parked stream only the event that failed is kept: the others follow from the log.
      takeOver: (state) => void (state && this.#parked.replace(state.parked)),
    });
  }

  get progress(): Readonly<CheckpointState> {
    return this.#checkpoint.progress;
  }

  /** Whether this node holds the lease and knows the state: its progress and parked events are those of the subscription. */
  get isInCharge(): boolean {
    return this.#checkpoint.isInCharge;
  }

  get lease(): LeaseHold {
    return this.#d.lease;
  }

  mayWork(): Promise<boolean> {
    return this.#checkpoint.hold();
  }

  note(): void {}

  standStill(): void {}

  async handle({ events, position, positionId, log, unreadable }: ConsumerPage): Promise<void> {
    try {
      for (const event of events) {
        if (this.#mustStop() || !(await this.#handleOne(event, unreadable?.[event.id]))) return;
        this.#checkpoint.pass(event.position, event.id, log);
        await this.#checkpoint.saveNowAndThen();
      }
      if (!this.#mustStop()) this.#checkpoint.pass(position, positionId, log);
    } finally {
      // Also before a wait for something outside, however long.
      await this.save();
    }
  }

  #mustStop(): boolean {
    return this.#d.isInterrupted() || this.isTooOftenParked || !this.isInCharge;
  }

  /** Whether the event is done with: handled, parked, or waiting behind a parked one. */
  async #handleOne(event: RecordedEvent, unreadable?: Unreadable): Promise<boolean> {
    if (this.#skipped.has(event.id) || this.#parked.holds(event.stream)) return true;
    const tried = unreadable ? { error: unreadable } : await this.#try(event);
    if (!("error" in tried)) return this.#did();
    const isInterrupted = () => this.#d.isInterrupted() || !this.isInCharge;
    const end = await tryAgain(this.#d.policy, tried.error, { ...this.#d, isInterrupted }, () => this.#try(event));
    if (end === "interrupted") return false;
    if (end === "done") return this.#did();
    await this.#park(event, end.error, end.attempts);
    this.#parkedInARow++;
    return true;
  }

  #did(): true {
    this.#parkedInARow = 0;
    return true;
  }

  async #try(event: RecordedEvent): Promise<Tried> {
    try {
      await this.#d.handle(freezeEvent(event));
      return {};
    } catch (error) {
      return { error };
    }
  }

  async #park(event: RecordedEvent, error: unknown, attempts: number): Promise<void> {
    const { id, position } = event;
    const parked = parkedAs(event, { error, attempts });
    this.#parked.add(parked);
    this.#d.warn(...parkedWarning(parked));
    this.#checkpoint.pass(position, id);
    await this.#checkpoint.store();
  }

  save(): Promise<void> {
    return this.#checkpoint.save();
  }

  parked(): ParkedEvent[] {
    return this.#parked.list();
  }

  get isTooOftenParked(): boolean {
    return this.#parkedInARow >= this.#d.policy.maxParkedInARow;
  }

  forgetParkedInARow(): void {
    this.#parkedInARow = 0;
  }

  async skip(skipped: ReadonlySet<string>): Promise<number> {
    this.#skipped = skipped;
    let handled = 0;
    for (const parked of this.parked()) if (skipped.has(parked.id)) handled += await this.#goOn(parked);
    return handled;
  }

  async retry({ id, stream }: ParkedChoice): Promise<number> {
    let handled = 0;
    for (const parked of this.parked())
      if ((id ?? parked.id) === parked.id && (stream ?? parked.stream) === parked.stream)
        handled += await this.#goOn(parked);
    return handled;
  }

  /** Handles a stream's events from the parked one up to the checkpoint, until one fails again; answers how many. */
  async #goOn(parked: ParkedEvent): Promise<number> {
    let handled = 0;
    // One that is given up need not be readable.
    let afterVersion = this.#skipped.has(parked.id) ? parked.version : parked.version - 1;
    for (;;) {
      const tried = await this.#readStream(parked.stream, afterVersion);
      if (!Array.isArray(tried)) return this.#failAgain(parked, tried.error, handled);
      if (tried.length === 0) break;
      for (const event of tried) {
        const outcome = this.#skipped.has(event.id) ? {} : await this.#tryIfInCharge(event);
        if ("error" in outcome) return this.#failAgain(event, outcome.error, handled);
        if (!this.#skipped.has(event.id)) handled++;
        afterVersion = event.version;
      }
    }
    this.#parked.remove(parked.id);
    await this.#checkpoint.store();
    return handled;
  }

  async #tryIfInCharge(event: RecordedEvent): Promise<Tried> {
    const { isStopping, name } = this.#d;
    if (!isStopping() && this.isInCharge) return this.#try(event);
    return { error: new StoreUnavailableError(name, "this node handles no more events; it stops, or lost its lease") };
  }

  async #readStream(stream: string, afterVersion: number): Promise<RecordedEvent[] | { error: unknown }> {
    try {
      const events = await this.#d.source.streamAfter(stream, afterVersion);
      // What lies behind the checkpoint comes with the next page.
      return events.filter(({ position }) => position <= this.progress.position);
    } catch (error) {
      return { error };
    }
  }

  /** @throws an outage's error: the event stays parked as it was */
  async #failAgain(event: ParkedEvent | RecordedEvent, error: unknown, handled: number): Promise<number> {
    const before = this.parked().find(({ stream }) => stream === event.stream);
    const attempts = before?.id === event.id ? before.attempts + 1 : 1;
    const isFailure = !isOutage(error);
    if (before && (isFailure || before.id !== event.id)) {
      this.#parked.remove(before.id);
      this.#parked.add(parkedAs(event, { error, attempts }));
      await this.#checkpoint.store();
    }
    if (!isFailure) throw error;
    return handled;
  }
}
