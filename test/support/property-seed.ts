import type { AggregatedResult } from "@jest/reporters";

/** Prints at the end of a run with properties how the same values are generated again. */
export default class PropertySeed {
  onRunComplete(_contexts: unknown, { testResults }: Pick<AggregatedResult, "testResults">): void {
    if (!testResults.some(({ testFilePath }) => testFilePath.includes("/test/property/"))) return;
    const variables = ["PROPERTY_SEED", "PROPERTY_EFFORT"]
      .filter((name) => process.env[name] !== undefined)
      .map((name) => `${name}=${process.env[name]}`);
    process.stderr.write(`\nproperties of this run, again: ${variables.join(" ")} npm test -- test/property\n`);
  }
}
