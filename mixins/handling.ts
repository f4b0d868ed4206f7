import type { ParkedChoice } from "../core/consumer-control.ts";
import { isOutage } from "../core/outage.ts";
import type { ParkedEvent, Progress } from "../core/read-table.ts";
import { freezeEvent, type RecordedEvent } from "../core/recorded-event.ts";
import type { Unreadable } from "../core/upcast.ts";
import type { Work } from "./consumer.ts";
import { asParkedError, tryAgain, type ErrorPolicy, type Interruption, type Tried } from "./error-policy.ts";
import type { EventSource } from "./event-source.ts";
import type { LeaseHold } from "./lease-hold.ts";
import { ParkedEvents } from "./parked-events.ts";
import type { ConsumerPage } from "./store-host.ts";

/** Where a subscription begins when it is started for the first time: at the first event, or behind the last. */
export type StartFrom = "origin" | "current";

interface Dependencies extends Interruption {
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
  #saved = { revision: 0, position: 0, at: 0 };
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

  async mayWork(): Promise<boolean> {
    const lease = await this.#d.lease.hold();
    if (!lease) return false;
    if (lease.epoch !== this.#epoch) await this.#load();
    this.#epoch = lease.epoch;
    return this.#d.lease.lease !== null;
  }

  async #load(): Promise<void> {
    const { source, startFrom } = this.#d;
    const stored = await source.state();
    if (stored) this.#progress = stored.value as HandlingState;
    this.#parked.replace(this.#progress.parked);
    this.#saved = { revision: stored?.revision ?? 0, position: this.#progress.position, at: Date.now() };
    if (stored) return;
    const { head } = await source.page(0, 0);
    const { afterId, log } = await source.page(startFrom === "current" ? head : 0, 0);
    this.#progress = { position: startFrom === "current" ? head : 0, positionId: afterId, log, parked: [] };
    // Kept at once: a start from here must stay one after a restart.
    await this.#store();
  }

  note(): void {}

  standStill(): void {}

  async handle({ events, position, positionId, log, unreadable }: ConsumerPage): Promise<void> {
    for (const event of events) {
      if (this.#mustStop()) break;
      if (!(await this.#handleOne(event, unreadable?.[event.id]))) break;
      this.#pass(event.position, event.id, log);
      if (Date.now() - this.#saved.at > saveEveryMs) await this.save();
    }
    if (this.#d.lease.lease && (events.at(-1)?.position ?? 0) <= this.#progress.position && !this.#mustStop())
      this.#pass(position, positionId, log);
    await this.save();
  }

  #mustStop(): boolean {
    return this.#d.isInterrupted() || this.isTooOftenParked || !this.#d.lease.isCertain;
  }

  #pass(position: number, positionId: string | null, log: string): void {
    if (position >= this.#progress.position) this.#progress = { ...this.#progress, position, positionId, log };
  }

  /** Whether the event is done with: handled, parked, or waiting behind a parked one. */
  async #handleOne(event: RecordedEvent, unreadable?: Unreadable): Promise<boolean> {
    if (this.#skipped.has(event.id) || this.#parked.holds(event.stream)) return true;
    const tried = unreadable ? { error: unreadable } : await this.#try(event);
    if (!("error" in tried)) return this.#did();
    // What the store cannot read does not become readable by waiting.
    const policy = unreadable ? { ...this.#d.policy, retries: 0 } : this.#d.policy;
    const end = await tryAgain(policy, tried.error, this.#d, () => this.#try(event));
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
    const { id, type, stream, version, position } = event;
    const parked = { id, type, stream, version, position, error: asParkedError(error), attempts, time: now() };
    this.#parked.add(parked);
    this.#d.warn("An event is parked; later events of its stream wait behind it", {
      id,
      type,
      stream,
      position,
      attempts,
      error: parked.error.message,
    });
    if (position > this.#progress.position) this.#progress = { ...this.#progress, position, positionId: id };
    await this.#store();
  }

  async save(): Promise<void> {
    if (this.#progress.position !== this.#saved.position) await this.#store();
  }

  async #store(): Promise<void> {
    const { lease, source } = this.#d;
    if (!lease.lease) return;
    this.#progress = { ...this.#progress, parked: this.#parked.list() };
    const { position } = this.#progress;
    const revision = await source.saveState(this.#progress, this.#saved.revision, lease.lease);
    if (revision !== null) this.#saved = { revision, position, at: Date.now() };
    else {
      // This node slept, and another took over: it has its own checkpoint, which counts.
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
        const outcome = this.#skipped.has(event.id) ? {} : await this.#try(event);
        if ("error" in outcome) return this.#failAgain(event, outcome.error, handled);
        if (!this.#skipped.has(event.id)) handled++;
        afterVersion = event.version;
      }
    }
    this.#parked.remove(parked.id);
    await this.#store();
    return handled;
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
  async #failAgain(
    event: Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position">,
    error: unknown,
    handled: number,
  ): Promise<number> {
    const before = this.parked().find(({ stream }) => stream === event.stream);
    const { id, type, stream, version, position } = event;
    const attempts = before?.id === id ? before.attempts + 1 : 1;
    const isFailure = !isOutage(error);
    if (before && (isFailure || before.id !== id)) {
      this.#parked.remove(before.id);
      this.#parked.add({ id, type, stream, version, position, error: asParkedError(error), attempts, time: now() });
      await this.#store();
    }
    if (!isFailure) throw error;
    return handled;
  }
}

const now = () => new Date().toISOString();
