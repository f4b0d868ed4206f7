import Database from "better-sqlite3";
import { sendLine } from "../support/send-line.ts";

/**
 * Kills this process by SIGKILL right before (even countdown) or right after (odd countdown) the n-th such statement
 * runs, and prints "met" then.
 */
export function killAt(pattern: RegExp, times: number): void {
  let left = times;
  const { prepare } = Database.prototype as { prepare: (this: Database.Database, sql: string) => Database.Statement };
  Database.prototype.prepare = function (this: Database.Database, sql: string) {
    const prepared = prepare.call(this, sql);
    if (!pattern.test(sql)) return prepared;
    const run = prepared.run.bind(prepared);
    prepared.run = (...values: unknown[]) => {
      const isLast = --left === 0;
      if (isLast) sendLine("met");
      if (isLast && times % 2 === 0) process.kill(process.pid, "SIGKILL");
      const result = run(...values);
      if (isLast) process.kill(process.pid, "SIGKILL");
      return result;
    };
    return prepared;
  } as typeof Database.prototype.prepare;
}
