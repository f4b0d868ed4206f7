/** Returns a number from 0 to below 1. */
export type Random = () => number;

/** mulberry32: a small seeded generator, good enough for choices. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <Item>(random: Random, items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;

/** 0 to `most` items. */
export const times = <Item>(random: Random, most: number, make: () => Item): Item[] =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, make);
