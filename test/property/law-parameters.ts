import { seed } from "../support/chance.ts";

/**
 * `PROPERTY_EFFORT=20 npm test -- test/property` runs each property twenty times as often as the complete run, which is
 * 1.
 */
export const effort = Number(process.env["PROPERTY_EFFORT"] ?? 0.2);
const path = process.env["PROPERTY_PATH"];

/** How often a property runs; `runs` is for the complete run. */
export const runsOf = (runs: number): number => Math.max(Math.round(runs * effort), 1);

/**
 * A counterexample is printed with its seed and path, which `TEST_SEED` and `PROPERTY_PATH` (with `-t` and the
 * sentence) run again.
 */
export const lawParameters = (runs: number) => ({
  numRuns: runsOf(runs),
  interruptAfterTimeLimit: 150_000 * Math.max(effort, 1),
  markInterruptAsFailure: true,
  seed,
  ...(path !== undefined && { path, endOnFailure: true }),
});
