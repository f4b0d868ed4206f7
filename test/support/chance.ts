import { randomFrom } from "../../testing/kit/random.ts";

/** Of the whole run: of its properties, and of what its faults leave to chance. jest.config.js sets it where the caller does not. */
export const seed = Number(process.env["TEST_SEED"] ?? 0);

const random = randomFrom(seed);

/** A whole number from `least` on (0 where it is omitted) and below `end`, the next of the seed's in this spec. */
export function randomInt(least: number, end?: number): number {
  const [from, to] = end === undefined ? [0, least] : [least, end];
  return from + Math.floor(random() * (to - from));
}
