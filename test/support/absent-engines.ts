import type { AggregatedResult } from "@jest/reporters";

/** Prints at the end of a run which engines were not installed and how many specs were skipped for them. */
export default class AbsentEngines {
  onRunComplete(_contexts: unknown, { testResults }: Pick<AggregatedResult, "testResults">): void {
    const skipped = new Map<string, number>();
    for (const { fullName } of testResults.flatMap((file) => file.testResults)) {
      const engine = /\[([^\]]+) is not here\]/.exec(fullName)?.[1];
      if (engine) skipped.set(engine, (skipped.get(engine) ?? 0) + 1);
    }
    if (skipped.size === 0) return;
    const list = [...skipped].map(([engine, count]) => `${engine} (skipped ${count} specs)`);
    process.stderr.write(`\nengines not here: ${list.join(", ")}\n`);
  }
}
