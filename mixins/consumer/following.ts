import { lastRetry, type ConsumerControl, type ParkedChoice } from "../../core/consumer-control.ts";
import { ValidationError } from "../../core/errors.ts";
import type { ParkedEvent } from "../../core/read-table.ts";
import { refuseCrowd } from "./crowd.ts";

/** What a consumer's work can be told to do with its parked events. */
export interface Obedient {
  parked(): readonly ParkedEvent[];
  /** From now on these events are given up; answers how many that waited behind them were folded. */
  skip(skipped: ReadonlySet<string>): Promise<number>;
  /** Answers how many parked events were folded. */
  retry(choice: ParkedChoice): Promise<number>;
}

/** How a host has followed the control state. */
export interface Followed {
  /** This host does the work, or does it as well. */
  works: boolean;
  folded: number;
  parked: number;
}

/** Control state is read this often before a revision that it does not have is taken for one that never was. */
const maxLooks = 5;

interface Follower {
  revision: number;
  looks: number;
  resolve: (followed: Followed) => void;
  reject: (error: unknown) => void;
}

/** The control state as one host has followed it, and those who wait until it has. */
export class Following {
  readonly #work: Obedient;
  #control: ConsumerControl | null = null;
  #retried = 0;
  #outcome: { folded: number } | { error: unknown } = { folded: 0 };
  #followers: Follower[] = [];

  constructor(work: Obedient) {
    this.#work = work;
  }

  get isPaused(): boolean {
    return this.#control?.paused ?? false;
  }

  /** A new start knows nothing of the orders that were given before. */
  start(): void {
    this.#control = null;
  }

  /** @throws StoreUnavailableError if too many callers wait already */
  async wait(revision: number): Promise<Followed> {
    refuseCrowd("control state", this.#followers.length);
    return new Promise((resolve, reject) => this.#followers.push({ revision, looks: 0, resolve, reject }));
  }

  /** Whether somebody has resumed the consumer since the last time. */
  note(control: ConsumerControl, isWorking: boolean): boolean {
    const before = this.#control;
    this.#control = control;
    // An order from before this start, or from while another node worked, is not followed twice.
    if (!before || !isWorking) this.#retried = lastRetry(control);
    return before !== null && control.resumed > before.resumed;
  }

  /** Skips and retries what was said. An error goes to those who asked for it: the work itself goes on. */
  async obey({ skipped, retries }: ConsumerControl): Promise<void> {
    try {
      let folded = await this.#work.skip(new Set(Object.keys(skipped)));
      for (const order of retries.filter(({ number }) => number > this.#retried)) {
        this.#retried = order.number;
        folded += await this.#work.retry(order);
      }
      this.#outcome = { folded };
    } catch (error) {
      this.#outcome = { error };
    }
  }

  /** Nothing is in flight, and all is done up to this revision. */
  answer(revision: number, works: boolean): void {
    if (this.#followers.length === 0) return;
    const [followed, later] = partition(this.#followers, (follower) => follower.revision <= revision);
    const [never, waiting] = partition(later, (follower) => ++follower.looks >= maxLooks);
    this.#followers = waiting;
    const expected = `a revision up to ${revision}`;
    for (const { reject, revision: found } of never)
      reject(new ValidationError([{ field: "revision", found, expected }]));
    const outcome = this.#outcome;
    for (const { resolve, reject } of followed)
      if ("error" in outcome) reject(outcome.error);
      else resolve({ works, folded: outcome.folded, parked: this.#work.parked().length });
  }

  refuse(error: Error): void {
    for (const { reject } of this.#followers.splice(0)) reject(error);
  }
}

function partition<Item>(items: readonly Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  const parts: [Item[], Item[]] = [[], []];
  for (const item of items) parts[isFirst(item) ? 0 : 1].push(item);
  return parts;
}
