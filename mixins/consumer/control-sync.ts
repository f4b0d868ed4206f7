import { lastRetry, type ConsumerControl, type ParkedChoice } from "../../core/consumer/consumer-control.ts";
import { ValidationError } from "../../core/errors/errors.ts";
import { assertWaiterLimit } from "./waiter-limit.ts";

/** What a consumer's work can be told to do with its parked events. */
export interface ControlledWork {
  /** The events that are parked. */
  readonly parkedCount: number;
  /** From now on these events are given up, and what waited behind them waits no more. */
  skip(skipped: ReadonlySet<string>): Promise<void>;
  /** These events are tried again when it goes on. */
  retry(choice: ParkedChoice): Promise<void>;
  /** Whether something that was parked is to go on. */
  readonly isGoingOn: boolean;
  /** Goes on with it for a moment; answers how many events were done. */
  goOn(): Promise<number>;
}

/** How a host has followed the control state. */
export interface ControlAck {
  /** This host does the work, or does it as well. */
  works: boolean;
  folded: number;
  parked: number;
}

/** Control state is read this often before a revision that it does not have is taken for one that never was. */
const maxChecks = 5;

interface Waiter {
  revision: number;
  /** It waits until what is to go on has been done. */
  isPatient: boolean;
  checks: number;
  resolve: (followed: ControlAck) => void;
  reject: (error: unknown) => void;
}

/** The control state as one host has followed it, and those who wait until it has. */
export class ControlSync {
  readonly #work: ControlledWork;
  #control: ConsumerControl | null = null;
  #retried = 0;
  #outcome: { folded: number } | { error: unknown } = { folded: 0 };
  #hasMore = false;
  #waiters: Waiter[] = [];

  constructor(work: ControlledWork) {
    this.#work = work;
  }

  get isPaused(): boolean {
    return this.#control?.paused ?? false;
  }

  /** A new start knows nothing of the orders that were given before. */
  start(): void {
    this.#control = null;
    this.#hasMore = false;
  }

  /** There is more to do at once of what was parked. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** @throws StoreUnavailableError if too many callers wait already */
  async wait(revision: number, isPatient: boolean): Promise<ControlAck> {
    assertWaiterLimit("control state", this.#waiters.length);
    return new Promise((resolve, reject) => this.#waiters.push({ revision, isPatient, checks: 0, resolve, reject }));
  }

  /** Whether somebody has resumed the consumer since the last time. */
  update(control: ConsumerControl, isWorking: boolean): boolean {
    const before = this.#control;
    this.#control = control;
    // An order from before this start, or from while another node worked, is not followed twice.
    if (!before || !isWorking) this.#retried = lastRetry(control);
    return before !== null && control.resumed > before.resumed;
  }

  /**
   * Skips and retries what was said, a slice at a time: what is paused or belongs to another node has no more of it. An
   * error goes to those who asked for it: the work itself goes on.
   */
  async apply({ skipped, retries }: ConsumerControl): Promise<void> {
    const before = this.#hasMore && "folded" in this.#outcome ? this.#outcome.folded : 0;
    this.#hasMore = false;
    try {
      await this.#work.skip(new Set(Object.keys(skipped)));
      for (const order of retries.filter(({ number }) => number > this.#retried)) {
        this.#retried = order.number;
        await this.#work.retry(order);
      }
      this.#outcome = { folded: before + (this.#work.isGoingOn ? await this.#work.goOn() : 0) };
      this.#hasMore = this.#work.isGoingOn;
    } catch (error) {
      this.#outcome = { error };
    }
  }

  /** Nothing goes on: it is paused, or another node does the work. */
  idle(): void {
    this.#hasMore = false;
  }

  /** Nothing is in flight, and all is done up to this revision. */
  acknowledge(revision: number, works: boolean): void {
    if (this.#waiters.length === 0) return;
    const isAnswered = ({ revision: wanted, isPatient }: Waiter) => wanted <= revision && !(isPatient && this.#hasMore);
    const [followed, later] = partition(this.#waiters, isAnswered);
    const [never, waiting] = partition(
      later,
      (follower) => follower.revision > revision && ++follower.checks >= maxChecks,
    );
    this.#waiters = waiting;
    const expected = `a revision up to ${revision}`;
    for (const { reject, revision: found } of never)
      reject(new ValidationError([{ field: "revision", found, expected }]));
    const outcome = this.#outcome;
    for (const { resolve, reject } of followed)
      if ("error" in outcome) reject(outcome.error);
      else resolve({ works, folded: outcome.folded, parked: this.#work.parkedCount });
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  const parts: [Item[], Item[]] = [[], []];
  for (const item of items) parts[isFirst(item) ? 0 : 1].push(item);
  return parts;
}
