import type { ClaimChange } from "../../../core/log/log-claims.ts";
import { keptClaim } from "../../../core/log/kept-claim.ts";
import type { Pace } from "../../../core/concurrency/pace.ts";
import { sortInTurns } from "../../../core/query/sort-in-turns.ts";
import { compareText } from "../../../core/text/text-order.ts";

/** Limits the memory of a range to about 50 MB. */
const maxClaims = 200_000;
const maxCharacters = 16 * 1024 * 1024;

/**
 * The claims that follow from the log, for one range of their values in text order. A range has a bounded size, and the
 * log is folded once for each range, so memory is bounded for any number of claims.
 */
export class ClaimRange {
  /** Values up to this one have been compared or belong to an earlier range. Later changes of them are ignored. */
  after: string;
  /** The last value of the range; null if the range is unbounded. */
  last: string | null = null;
  readonly #maxClaims: number;
  /** Value → stream. */
  readonly #streams = new Map<string, string>();
  /** Stream → values. */
  readonly #values = new Map<string, Set<string>>();
  #characters = 0;

  constructor(after: string, most = maxClaims) {
    this.after = after;
    this.#maxClaims = most;
  }

  isBeyond(value: string): boolean {
    return this.last !== null && compareText(value, this.last) > 0;
  }

  /** Applies a change by the rule of `Claims` (core/log/claims.ts): a claimed value stays with its stream. */
  change(stream: string, { value: given, claimed }: ClaimChange): void {
    if (given === null) {
      for (const value of this.#values.get(stream) ?? []) this.take(value);
      return;
    }
    const value = keptClaim(given);
    if (compareText(value, this.after) <= 0 || this.isBeyond(value)) return;
    const claimant = this.#streams.get(value);
    if (claimed && claimant === undefined) {
      this.#streams.set(value, stream);
      this.#values.set(stream, (this.#values.get(stream) ?? new Set()).add(value));
      this.#characters += value.length + stream.length;
    } else if (!claimed && claimant === stream) this.take(value);
  }

  /** Removes a value from the range, and returns the stream that has claimed it. */
  take(value: string): string | undefined {
    const stream = this.#streams.get(value);
    if (stream === undefined) return undefined;
    this.#streams.delete(value);
    const own = this.#values.get(stream)!;
    own.delete(value);
    if (own.size === 0) this.#values.delete(stream);
    this.#characters -= value.length + stream.length;
    return stream;
  }

  get isFull(): boolean {
    return this.#streams.size > this.#maxClaims || this.#characters > maxCharacters;
  }

  /** Removes the upper half of the values, which then belong to the next range. */
  async narrow(pace: Pace): Promise<void> {
    const values = await sortInTurns([...this.#streams.keys()], compareText, pace);
    const middle = (values.length - 1) >> 1;
    this.last = values[middle]!;
    for (const value of values.slice(middle + 1)) {
      this.take(value);
      if (pace.isDue()) await pace.turn();
    }
  }

  /** The claims that were not taken. */
  left(): Iterable<[value: string, stream: string]> {
    return this.#streams;
  }
}
