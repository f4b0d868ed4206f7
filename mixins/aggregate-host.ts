import { isUpcastError, StoreUnavailableError, UnknownParkedEventError, UnusableStoreError } from "../core/errors.ts";
import type { Fields } from "../core/fields.ts";
import { isOutage } from "../core/outage.ts";
import type { Mapping } from "../core/mapping.ts";
import type { Generation, ParkedEvent, ReadTable } from "../core/read-table.ts";
import type { RecordedEvent } from "../core/recorded-event.ts";
import { Fold, type ErrorPolicy } from "./fold.ts";
import type { ConsumerControl, ConsumerPage } from "./store-host.ts";
import type { Transform, Transforms } from "./transform.ts";
import { Wakeable } from "./wakeable.ts";

/** The event store as an aggregate sees it: always over the broker, wherever it is hosted. */
export interface EventSource {
  page(after: number, limit: number): Promise<ConsumerPage>;
  event(id: string): Promise<RecordedEvent>;
  setControl(control: ConsumerControl): Promise<unknown>;
}

/** `waiting`: something outside does not answer. `stopped`: somebody has to look. Both with a cause. */
export type AggregateState = "starting" | "folding" | "live" | "waiting" | "paused" | "stopped";

export interface AggregateStatus {
  name: string;
  state: AggregateState;
  /** The checkpoint: done up to and including this position of the log. */
  position: number;
  /** The log's last position, read for this answer; null where the store does not answer. */
  head: number | null;
  lag: number | null;
  paused: boolean;
  rebuilding: false | { done: number; total: number; rate: number; secondsLeft: number | null };
  /** Events set aside, those that wait behind one included. */
  parked: number;
  reordered: boolean;
  stale: boolean;
  /** Why it waits or stopped. */
  cause: string | null;
}

interface Dependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  mappings: readonly Mapping<Transform>[];
  transforms: Transforms;
  source: EventSource;
  policy: ErrorPolicy;
  onCommit: () => void;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

const eventsPerPage = 1000;
const pollMs = 1000;
const firstWaitMs = 50;

/** What one node does for an aggregate it hosts: follows the log, folds pages, obeys pause, retry and skip. */
export class AggregateHost {
  readonly #d: Dependencies;
  readonly #bell = new Wakeable();
  readonly #alarm = new Wakeable();
  #fold: Fold | null = null;
  /** A generation with today's fields, built beside the live one, which still has others. */
  #building: { generation: Generation; since: number } | null = null;
  #paused = false;
  #stopping = false;
  #waitMs = firstWaitMs;
  #halted: string | null = null;
  #waitingFor: string | null = null;
  #isCaughtUp = false;
  #hasStarted = false;
  #startedAt = 0;
  #jobs: { run: () => Promise<void>; refuse: (error: Error) => void }[] = [];
  #waitingForIdle: (() => void)[] = [];
  #loop: Promise<void> | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** The generation that answers queries. */
  get live(): Generation {
    return this.#d.table.live();
  }

  async start(): Promise<void> {
    const { table, fields, name } = this.#d;
    await table.open(fields);
    this.#stopping = this.#hasStarted = false;
    this.#startedAt = Date.now();
    this.#halted = this.#waitingFor = null;
    let target = table.live();
    if (!sameFields(target.fields, fields)) {
      target = await table.build(fields);
      this.#building = { generation: target, since: Date.now() };
      this.#d.info(
        `${name} has other fields than its table; a new table is folded beside the old one, which answers until then`,
        {},
      );
    }
    this.#fold = await this.#foldOn(target);
    this.#loop = this.#run();
  }

  #foldOn(generation: Generation): Promise<Fold> {
    const { fields, mappings, transforms, policy, onCommit, warn } = this.#d;
    return Fold.on({
      generation,
      fields,
      mappings,
      transforms,
      policy,
      onCommit,
      warn,
      sleep: (ms) => this.#sleep(ms),
      isInterrupted: () => this.#paused || this.#stopping,
    });
  }

  /** Interrupted by a pause or a stop only; a knock from before the wait does not count. */
  async #sleep(ms: number): Promise<void> {
    this.#alarm.forget();
    if (!this.#paused && !this.#stopping) await this.#alarm.wait(ms);
  }

  /** The transform that runs is finished and its batch committed; then the table is closed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#interrupt();
    await this.#loop;
    this.#loop = null;
    this.#building = null;
    await this.#d.table.close();
  }

  wake(): void {
    this.#bell.knock();
  }

  #interrupt(): void {
    this.#alarm.knock();
    this.#bell.knock();
  }

  /** Answers when nothing is in flight. It lasts until `resume`, also over a restart. */
  async pause(): Promise<void> {
    await this.#d.source.setControl({ paused: true });
    this.#paused = true;
    const idle = new Promise<void>((resolve) => this.#waitingForIdle.push(resolve));
    this.#interrupt();
    await idle;
  }

  async resume(): Promise<void> {
    await this.#d.source.setControl({ paused: false });
    this.#paused = false;
    this.#halted = null;
    this.#fold?.forgetParkedInARow();
    for (const tell of this.#waitingForIdle.splice(0)) tell();
    this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const job = this.#paused ? undefined : this.#jobs.shift();
        if (job) await job.run();
        const hasMore = job !== undefined || (await this.#advance());
        this.#hasStarted = true;
        this.#waitingFor = null;
        this.#waitMs = firstWaitMs;
        // Function transforms may never leave the thread by themselves: others get their turn between two pages.
        if (hasMore) await new Promise((turn) => setImmediate(turn));
        else await this.#rest(pollMs);
      } catch (error) {
        this.#noteOutage(error);
        await this.#rest(this.#waitMs);
        this.#waitMs = Math.min(this.#waitMs * 2, pollMs);
      }
    }
    await this.#fold
      ?.save()
      .catch((error: unknown) =>
        this.#d.warn(`${this.#d.name}: the checkpoint was not saved`, { error: String(error) }),
      );
    for (const tell of this.#waitingForIdle.splice(0)) tell();
    for (const { refuse } of this.#jobs.splice(0)) refuse(new StoreUnavailableError(this.#d.name, "is stopping"));
  }

  async #rest(ms: number): Promise<void> {
    if (this.#paused) {
      // Not saved, unmapped events are passed again: no reason to fail.
      await this.#fold?.save().catch((error: unknown) => this.#noteOutage(error));
      for (const tell of this.#waitingForIdle.splice(0)) tell();
    }
    if (!this.#stopping) await this.#bell.wait(ms);
  }

  /** One page; whether there is more to do at once. */
  async #advance(): Promise<boolean> {
    const fold = this.#fold!;
    const isResting = this.#paused || this.#halted !== null;
    const page = await this.#d.source.page(fold.progress.position, isResting ? 0 : eventsPerPage);
    this.#paused = page.control.paused;
    this.#refuseOtherLog(page);
    if (this.#paused || this.#halted !== null) return false;
    if (isResting) return true;
    await fold.foldPage(page.events, page);
    this.#isCaughtUp = page.end && fold.progress.position === page.position;
    if (fold.isTooOftenParked)
      this.#halt(
        `${this.#d.policy.maxParkedInARow} events in a row could not be folded; the last: ${parkedCause(fold.parked)}. "resume" goes on, "retry" tries them again`,
      );
    if (this.#building && this.#isCaughtUp && this.#halted === null) await this.#switch();
    return !page.end && this.#halted === null;
  }

  async #switch(): Promise<void> {
    const { generation } = this.#building!;
    await this.#fold!.save();
    await this.#d.table.switchTo(generation);
    this.#building = null;
    this.#d.onCommit();
    this.#d.info(`${this.#d.name} answers from the new table`, { position: this.#fold!.progress.position });
  }

  /** Positions of one log mean nothing in another: folding on would pass over events in silence. */
  #refuseOtherLog(page: ConsumerPage): void {
    const { position, positionId, log } = this.#fold!.progress;
    const orDelete = "or delete the table's files to fold it again";
    if (log !== null && log !== page.log)
      this.#halt(
        `the table was folded from another log (found ${page.log}, expected ${log}); bring that one back, ${orDelete}`,
      );
    else if (page.head < position)
      this.#halt(
        `the log ends at position ${page.head}, before the table's checkpoint ${position}: events are missing; restore the log, ${orDelete}`,
      );
    else if (page.afterId !== positionId)
      this.#halt(
        `the log has event ${page.afterId} at position ${position}, not ${positionId} as when it was folded: it was set back and has grown again; restore the log, ${orDelete}`,
      );
  }

  #halt(cause: string): void {
    if (this.#halted === null) this.#d.warn(`${this.#d.name} stopped: ${cause}`, {});
    this.#halted = cause;
  }

  #noteOutage(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    // While a node starts, its services come one after the other: no reason for a warning.
    const isExpected = this.#stopping || (!this.#hasStarted && Date.now() - this.#startedAt < 5000);
    if (this.#waitingFor !== cause && !isExpected)
      this.#d.warn(
        `${this.#d.name} waits: ${cause}`,
        isOutage(error) ? {} : { stack: error instanceof Error ? error.stack : undefined },
      );
    if (!isExpected) this.#waitingFor = cause;
    this.#isCaughtUp = false;
  }

  get parked(): ParkedEvent[] {
    return this.#fold?.parked ?? [];
  }

  /** Tries parked events again, stream by stream. Without a choice: all of them. */
  async retry(choice: { id?: string; stream?: string }): Promise<{ folded: number; parked: number }> {
    return this.#do(async () => {
      if (choice.id !== undefined) this.#parkedById(choice.id);
      const streams = new Set(
        this.parked
          .filter(({ id, stream }) => choice.id === id || choice.stream === stream || (!choice.id && !choice.stream))
          .map(({ stream }) => stream),
      );
      let folded = 0;
      for (const stream of streams) folded += await this.#retryStream(stream);
      return { folded, parked: this.parked.length };
    });
  }

  async #retryStream(stream: string): Promise<number> {
    const events: RecordedEvent[] = [];
    let unreadable: { event: ParkedEvent; error: unknown } | null = null;
    for (const event of this.parked) {
      if (event.stream !== stream || unreadable) continue;
      try {
        events.push(await this.#d.source.event(event.id));
      } catch (error) {
        if (!isUpcastError(error)) throw error;
        unreadable = { event, error };
      }
    }
    const { folded, failed } = await this.#fold!.retry(events);
    if (unreadable && !failed) await this.#fold!.failAgain(unreadable.event, unreadable.error);
    return folded;
  }

  /** Gives one parked event up, and folds what waited behind it. */
  async skip(id: string): Promise<{ skipped: string; folded: number; parked: number }> {
    return this.#do(async () => {
      const event = this.#parkedById(id);
      await this.#fold!.skip(event);
      return { skipped: id, folded: await this.#retryStream(event.stream), parked: this.parked.length };
    });
  }

  #parkedById(id: string): ParkedEvent {
    const event = this.parked.find((parked) => parked.id === id);
    if (!event) throw new UnknownParkedEventError(this.#d.name, id);
    return event;
  }

  /** Runs between two pages, so that it never shares a batch with the fold. */
  async #do<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#paused) throw new UnusableStoreError(this.#d.name, 'is paused; "resume" it first');
    if (this.#stopping || !this.#loop) throw new StoreUnavailableError(this.#d.name, "is stopping");
    return new Promise<Answer>((resolve, reject) => {
      this.#jobs.push({ run: () => work().then(resolve, reject), refuse: reject });
      this.wake();
    });
  }

  async status(): Promise<AggregateStatus> {
    const { name, source } = this.#d;
    const fold = this.#fold;
    const { position, reordered } = (this.#building ? await this.live.progress() : fold?.progress) ?? {
      position: 0,
      reordered: false,
    };
    const head = await source.page(position, 0).then(
      (page) => page.head,
      () => null,
    );
    const stale = this.#building !== null;
    return {
      name,
      state: this.#state(),
      position,
      head,
      lag: head === null ? null : head - position,
      paused: this.#paused,
      rebuilding: this.#building ? this.#rebuildingTo(head) : false,
      parked: this.parked.length,
      reordered,
      stale,
      cause: this.#halted ?? this.#waitingFor,
    };
  }

  #rebuildingTo(head: number | null): AggregateStatus["rebuilding"] {
    const done = this.#fold!.progress.position;
    const total = head ?? done;
    const rate = Math.round((done * 1000) / Math.max(Date.now() - this.#building!.since, 1));
    return { done, total, rate, secondsLeft: rate > 0 ? Math.ceil((total - done) / rate) : null };
  }

  #state(): AggregateState {
    if (this.#paused) return "paused";
    if (this.#halted !== null) return "stopped";
    if (this.#waitingFor !== null) return "waiting";
    if (!this.#hasStarted) return "starting";
    return this.#isCaughtUp ? "live" : "folding";
  }
}

const parkedCause = (parked: readonly ParkedEvent[]) =>
  parked.findLast(({ error }) => error)?.error?.message ?? "unknown";

const sameFields = (a: Fields, b: Fields) => JSON.stringify([...a.values()]) === JSON.stringify([...b.values()]);
