import type { ParkedChoice } from "../../core/consumer-control.ts";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { Lease } from "../../core/event-log.ts";
import { isOutage } from "../../core/outage.ts";
import type { ParkedEvent, Progress } from "../../core/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../../core/recorded-event.ts";
import type { Unreadable } from "../../core/upcast.ts";
import type { Work } from "../consumer/consumer.ts";
import { tryAgain, type ErrorPolicy, type Interruption, type Tried } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { LeaseHold } from "../consumer/lease-hold.ts";
import { parkedAs, ParkedEvents, parkedWarning } from "../consumer/parked-events.ts";
import type { ConsumerPage } from "../consumer/consumer-page.ts";

/** Where a subscription begins when it is started for the first time: at the first event, or behind the last. */
export type StartFrom = "origin" | "current";

interface Dependencies extends Interruption {
  name: string;
  startFrom: StartFrom;
  source: EventSource;
  lease: LeaseHold;
  policy: ErrorPolicy;
  handle: (event: RecordedEvent) => Promise<void>;
  warn: (message: string, details: object) => void;
}

/** What a subscription keeps in the store's engine. Of each parked stream only the event that failed: the others follow from the log. */
export interface HandlingState extends Pick<Progress, "position" | "positionId" | "log"> {
  parked: ParkedEvent[];
}

/** How often the checkpoint is written while events flow: after a kill at most this much is handled twice. */
const saveEveryMs = 200;

/**
 * The work of a subscription: hands each event to its handler, in the order of the log, and remembers how far it is. The
 * checkpoint is written after the handler, so a crash between the two repeats some events.
 */
export class Handling implements Work {
  readonly #d: Dependencies;
  #progress: HandlingState = { position: 0, positionId: null, log: null, parked: [] };
  #saved = { revision: 0, at: 0 };
  #isSaved = true;
  /** The lease under which the state was loaded. */
  #epoch = 0;
  readonly #parked = new ParkedEvents([]);
  #parkedInARow = 0;
  #skipped: ReadonlySet<string> = new Set();

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  get progress(): Readonly<HandlingState> {
    return this.#progress;
  }

  /** Whether this node holds the lease and knows the state: its progress and parked events are those of the subscription. */
  get isInCharge(): boolean {
    return this.#d.lease.isCertain && this.#d.lease.lease?.epoch === this.#epoch;
  }

  async mayWork(): Promise<boolean> {
    const lease = await this.#d.lease.hold();
    if (!lease) return false;
    if (lease.epoch !== this.#epoch) await this.#load(lease);
    return this.isInCharge;
  }

  async #load(lease: Lease): Promise<void> {
    const stored = await this.#d.source.state();
    const revision = stored?.revision ?? 0;
    if (stored && revision > this.#saved.revision) {
      this.#progress = stored.value as HandlingState;
      this.#parked.replace(this.#progress.parked);
      this.#saved = { revision, at: Date.now() };
      this.#isSaved = true;
    } else if (this.#saved.revision === 0) await this.#begin();
    // Nobody has written since: what was done under the last lease counts, saved or not. A lower number is that of a log
    // that was set back, or of another one: the next page tells.
    else this.#saved.revision = revision;
    if (this.#d.lease.lease === lease) this.#epoch = lease.epoch;
  }

  async #begin(): Promise<void> {
    const { source, startFrom } = this.#d;
    const { head } = await source.page(0, 0);
    const position = startFrom === "current" ? head : 0;
    const { afterId, log } = await source.page(position, 0);
    this.#progress = { position, positionId: afterId, log, parked: [] };
    // Kept at once: a start from here must stay one after a restart.
    await this.#store();
  }

  note(): void {}

  standStill(): void {}

  async handle({ events, position, positionId, log, unreadable }: ConsumerPage): Promise<void> {
    try {
      for (const event of events) {
        if (this.#mustStop() || !(await this.#handleOne(event, unreadable?.[event.id]))) return;
        this.#pass(event.position, event.id, log);
        if (Date.now() - this.#saved.at > saveEveryMs) await this.save();
      }
      if (!this.#mustStop()) this.#pass(position, positionId, log);
    } finally {
      // Also before a wait for something outside, however long.
      await this.save();
    }
  }

  #mustStop(): boolean {
    return this.#d.isInterrupted() || this.isTooOftenParked || !this.isInCharge;
  }

  #pass(position: number, positionId: string | null, log: string): void {
    if (position <= this.#progress.position) return;
    this.#progress = { ...this.#progress, position, positionId, log };
    this.#isSaved = false;
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
    if (position > this.#progress.position) this.#progress = { ...this.#progress, position, positionId: id };
    await this.#store();
  }

  async save(): Promise<void> {
    if (!this.#isSaved) await this.#store();
  }

  async #store(): Promise<void> {
    const { lease, source } = this.#d;
    this.#isSaved = false;
    if (!lease.lease) return;
    this.#progress = { ...this.#progress, parked: this.#parked.list() };
    const revision = await source.saveState(this.#progress, this.#saved.revision, lease.lease);
    if (revision !== null) {
      this.#saved = { revision, at: Date.now() };
      this.#isSaved = true;
    } else {
      // The lease has lapsed, or an answer was lost: what is kept in the store tells who has written last.
      lease.lose();
      this.#epoch = 0;
    }
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
    let afterVersion = parked.version - 1;
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
    await this.#store();
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
      return events.filter(({ position }) => position <= this.#progress.position);
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
      await this.#store();
    }
    if (!isFailure) throw error;
    return handled;
  }
}
