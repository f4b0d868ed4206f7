import type { AggregatedResult } from "@jest/reporters";

/** Prints at the end of a run how many cases of the contracts each engine has passed, as a log and as a table. */
export default class ContractCases {
  onRunComplete(_contexts: unknown, { testResults }: Pick<AggregatedResult, "testResults">): void {
    const passed = new Map<string, { log: number; table: number }>();
    for (const { ancestorTitles, status } of testResults.flatMap((file) => file.testResults)) {
      const [, engine, port] = /^(.+) as a (log|table)$/.exec(ancestorTitles.join(" ")) ?? [];
      if (engine === undefined || status !== "passed") continue;
      const cases = passed.get(engine) ?? { log: 0, table: 0 };
      cases[port as "log" | "table"]++;
      passed.set(engine, cases);
    }
    if (passed.size === 0) return;
    const lines = [...passed].map(([engine, { log, table }]) => `  ${engine}: ${log} as a log, ${table} as a table`);
    process.stderr.write(`\ncontract cases passed:\n${lines.toSorted().join("\n")}\n`);
  }
}
