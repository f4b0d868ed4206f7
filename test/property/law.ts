import * as fc from "fast-check";
import { seed } from "../support/chance.ts";

/**
 * `PROPERTY_EFFORT=20 npm test -- test/property` runs each property twenty times as often as the complete run, which is
 * 1.
 */
export const effort = Number(process.env["PROPERTY_EFFORT"] ?? 0.2);
const path = process.env["PROPERTY_PATH"];

/**
 * A spec whose sentence is true for every generated value; `runs` depends on its cost. A counterexample is printed with
 * its seed and path, which `TEST_SEED` and `PROPERTY_PATH` (with `-t` and the sentence) run again.
 */
export function law<Values>(sentence: string, runs: number, property: fc.IAsyncProperty<Values>): void {
  it(
    sentence,
    () =>
      fc.assert(property, {
        numRuns: Math.max(Math.round(runs * effort), 1),
        interruptAfterTimeLimit: 150_000 * Math.max(effort, 1),
        markInterruptAsFailure: true,
        seed,
        ...(path !== undefined && { path, endOnFailure: true }),
      }),
    180_000 * Math.max(effort, 1),
  );
}
