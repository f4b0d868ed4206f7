import type Database from "better-sqlite3";
import { BoundedCache } from "../../core/json/bounded-cache.ts";
import { compileComparison } from "../../core/query/matches-comparison.ts";
import { sortValueAt } from "../../core/query/sort-value.ts";
import { CompiledComparisons } from "./compiled-comparisons.ts";

/** Registers the SQL functions that queries use on a connection, in any thread. */
export function addFunctions(db: Pick<Database.Database, "function">): void {
  const comparisons = new CompiledComparisons(compileComparison);
  const paths = new BoundedCache<string, string[]>(200);
  const deterministic = { deterministic: true };
  db.function("comparison_id", (text) => comparisons.idOf(text as string));
  db.function("json_matches", deterministic, (comparison, value) =>
    comparisons.get(comparison as string | number)(value === null ? null : JSON.parse(value as string)) ? 1 : 0,
  );
  db.function("text_matches", deterministic, (comparison, value) =>
    comparisons.get(comparison as string | number)(value) ? 1 : 0,
  );
  db.function("json_at", deterministic, (path, value) => {
    const steps = paths.get(path as string, () => JSON.parse(path as string) as string[]);
    return sortValueAt(steps, value === null ? null : JSON.parse(value as string));
  });
  db.function("contains_text", deterministic, (needle, value) =>
    value !== null &&
    String(value)
      .toLowerCase()
      .includes(needle as string)
      ? 1
      : 0,
  );
}
