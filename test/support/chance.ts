import { randomFrom } from "../../testing/kit/random.ts";

/**
 * The seed of the whole run, for properties and for random choices of faults. jest.config.js sets it if the caller does
 * not.
 */
export const seed = Number(process.env["TEST_SEED"] ?? 0);

const random = randomFrom(seed);

/** A whole number from `least` (default 0) and below `end`: the next of this seed in this spec. */
export function randomInt(least: number, end?: number): number {
  const [from, to] = end === undefined ? [0, least] : [least, end];
  return from + Math.floor(random() * (to - from));
}
