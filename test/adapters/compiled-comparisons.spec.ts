import { comparisonInSql, CompiledComparisons } from "../../adapters/sqlite/compiled-comparisons.ts";
import { compileComparison } from "../../core/query/matches-comparison.ts";

const textOf = (value: unknown) => JSON.stringify({ path: [], operator: "$eq", value });

describe("The comparisons of a connection", () => {
  it("are compiled once for each text, long ones under a number", () => {
    let compiled = 0;
    const comparisons = new CompiledComparisons((comparison) => {
      compiled++;
      return compileComparison(comparison);
    });
    const id = comparisons.idOf(textOf("a"));
    expect(comparisons.idOf(textOf("a"))).toBe(id);
    expect(comparisons.idOf(textOf("b"))).not.toBe(id);
    for (const value of ["a", "b", "a"]) {
      expect(comparisons.get(id)(value)).toBe(value === "a");
      expect(comparisons.get(textOf("c"))(value)).toBe(false);
    }
    expect(compiled).toBe(3);
  });

  it("let go of the oldest where they are too large, and a query that still needs it may be repeated", () => {
    const comparisons = new CompiledComparisons(() => () => true);
    const large = (mark: string) => textOf(mark.repeat(2_000_000));
    const first = comparisons.idOf(large("0"));
    const second = comparisons.idOf(large("1"));
    for (let index = 2; index < 17; index++) {
      comparisons.idOf(large(index.toString(36)));
      // Used again, so it is not the oldest.
      comparisons.idOf(large("1"));
    }
    expect(comparisons.get(second)(null)).toBe(true);
    expect(() => comparisons.get(first)).toThrow(expect.objectContaining({ code: 503, retryable: true }));
    expect(comparisons.get(comparisons.idOf(large("0")))(null)).toBe(true);
  });

  it("are passed as their text where it is short", () => {
    expect(comparisonInSql(textOf("a"))).toBe("?");
    expect(comparisonInSql(textOf("a".repeat(1000)))).toContain("comparison_id(?)");
  });
});
