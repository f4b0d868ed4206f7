import { Pace } from "../../../core/concurrency/pace.ts";
import { sortInTurns } from "../../../core/query/sort-in-turns.ts";
import { compareText } from "../../../core/text/text-order.ts";

/** Keys in the order of their bytes, sorted again by the first read after a change. */
export class KeysInOrder {
  readonly #keys: () => Iterable<string>;
  #sorted: Promise<readonly string[]> | null = null;

  constructor(keys: () => Iterable<string>) {
    this.#keys = keys;
  }

  /** A key was added or removed. */
  changed(): void {
    this.#sorted = null;
  }

  /**
   * The results of `take` for the keys after this one, without `undefined`, up to the limit. Later changes of the keys
   * do not count.
   */
  async after<Answer>(after: string, limit: number, take: (key: string) => Answer | undefined): Promise<Answer[]> {
    const pace = new Pace();
    this.#sorted ??= sortInTurns([...this.#keys()], compareText, pace);
    const keys = await this.#sorted;
    const answers: Answer[] = [];
    for (let next = firstAfter(keys, after, (key) => key); next < keys.length && answers.length < limit; next++) {
      const answer = take(keys[next]!);
      if (answer !== undefined) answers.push(answer);
      if (pace.isDue()) await pace.turn();
    }
    return answers;
  }
}

/**
 * The index of the first item whose text sorts after this one, by binary search: the items must be sorted by their
 * texts.
 */
export function firstAfter<Item>(items: readonly Item[], after: string, textOf: (item: Item) => string): number {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareText(textOf(items[middle]!), after) > 0) to = middle;
    else from = middle + 1;
  }
  return from;
}
