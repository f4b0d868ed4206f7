import type { Pace } from "../concurrency/pace.ts";

/** Sorted without yielding. */
const itemsPerRun = 500;

/**
 * A new array in the order of `compare`, stable like `toSorted`. Yields to the event loop, however many items there
 * are.
 */
export async function sortInTurns<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  pace: Pace,
): Promise<Item[]> {
  let runs: Item[][] = [];
  for (let from = 0; from < items.length; from += itemsPerRun) {
    runs.push(items.slice(from, from + itemsPerRun).toSorted(compare));
    if (pace.isDue()) await pace.turn();
  }
  while (runs.length > 1) {
    const longer: Item[][] = [];
    for (let index = 0; index < runs.length; index += 2)
      longer.push(await merged(runs[index]!, runs[index + 1] ?? [], compare, pace));
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merged<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (a: Item, b: Item) => number,
  pace: Pace,
): Promise<Item[]> {
  // Runs that are in order already, such as those of events by their positions, need no comparison of each item.
  if (left.length === 0 || right.length === 0 || compare(left.at(-1)!, right[0]!) <= 0) return [...left, ...right];
  const all: Item[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const isLeft = r >= right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0);
    all.push(isLeft ? left[l++]! : right[r++]!);
    if (pace.isDue()) await pace.turn();
  }
  return all;
}
