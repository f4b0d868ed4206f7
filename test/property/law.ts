import * as fc from "fast-check";
import { effort, lawParameters } from "./law-parameters.ts";

/** A spec whose sentence is true for every generated value; `runs`, for the complete run, depends on its cost. */
export function law<Values>(sentence: string, runs: number, property: fc.IAsyncProperty<Values>): void {
  it(sentence, () => fc.assert(property, lawParameters(runs)), 180_000 * Math.max(effort, 1));
}
