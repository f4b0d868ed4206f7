import type { RebuildRequest } from "../../../core/consumer/consumer-control.ts";
import { assertWaiterLimit } from "../../consumer/waiter-limit.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { RebuildFailedError } from "../../../core/errors/snapshot-errors.ts";
import { plainText } from "../../../core/text/plain-text.ts";

/** Every page for the aggregate's hosts carries the reason. */
const maxReasonCharacters = 1000;

interface Waiting {
  order: string;
  /** Since he came a page was asked for: what it says of orders is no older than his. */
  isAsked: boolean;
  resolve: (position: number) => void;
  reject: (error: unknown) => void;
}

/** Those who wait for what comes of an order on this node. */
export class AwaitedRequests {
  readonly #aggregate: string;
  #waiting: Waiting[] = [];
  /** What this node met; the control state only keeps it in words. */
  readonly #failures = new Map<string, unknown>();

  constructor(aggregate: string) {
    this.#aggregate = aggregate;
  }

  /** Answers the position of the table's switch. @throws why there was none */
  wait(order: string): Promise<number> {
    assertWaiterLimit(this.#aggregate, this.#waiting.length);
    return new Promise((resolve, reject) => this.#waiting.push({ order, isAsked: false, resolve, reject }));
  }

  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** A page is asked for. */
  ask(): void {
    for (const waiting of this.#waiting) waiting.isAsked = true;
  }

  /** Why it failed on this node; null where it has not. */
  failure(order: string): string | null {
    if (!this.#failures.has(order)) return null;
    const error = this.#failures.get(order);
    return plainText(error instanceof Error ? error.message : String(error), maxReasonCharacters);
  }

  done(order: string, position: number): void {
    for (const { resolve } of this.#take(order)) resolve(position);
  }

  /** To be told to those who wait when the order has ended for every host. */
  noteFailure(order: string, error: unknown): void {
    this.#failures.set(order, error);
  }

  /** Rejects the waiters of every other order, and of this one if it has ended. Null: none was ever given. */
  rejectWaiters(order: RebuildRequest | null): void {
    for (const id of new Set(this.#waiting.filter(({ isAsked }) => isAsked).map((waiting) => waiting.order))) {
      if (id === order?.id && order.ended === undefined) continue;
      const why = id === order?.id ? order.ended! : order ? "another order has taken its place" : "it was never given";
      const error = this.#failures.get(id) ?? new RebuildFailedError(this.#aggregate, why);
      for (const { reject } of this.#take(id)) reject(error);
    }
  }

  /** The node stops; the order stays. */
  stop(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new StoreUnavailableError(this.#aggregate, "is stopping"));
  }

  #take(order: string): Waiting[] {
    const taken = this.#waiting.filter((waiting) => waiting.order === order);
    this.#waiting = this.#waiting.filter((waiting) => waiting.order !== order);
    return taken;
  }
}
