import type { AggregatedResult } from "@jest/reporters";

const variables = ["TEST_SEED", "PROPERTY_EFFORT", "FAULTS"];
const usesChance = /\/test\/(property|faults|cluster)\//;

/** Prints at the end of a run how to repeat it with the same values in properties and the same choices in faults. */
export default class Seed {
  onRunComplete(_contexts: unknown, { testResults }: Pick<AggregatedResult, "testResults">): void {
    if (!testResults.some(({ testFilePath }) => usesChance.test(testFilePath))) return;
    const given = variables.filter((name) => process.env[name] !== undefined);
    const values = given.map((name) => `${name}=${process.env[name]}`).join(" ");
    const script = process.env["npm_lifecycle_event"] ?? "test";
    process.stderr.write(`\nTo repeat what was left to chance: ${values} npm run ${script}\n`);
  }
}
