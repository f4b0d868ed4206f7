import type { CaseResult } from "../../bench/measure.ts";
import type { Goal, Unit } from "../../bench/part.ts";
import { summarize } from "../../bench/summary.ts";

/** A case of ours and raw with one figure, measured once for each pair of numbers. */
function resultOf(
  unit: Unit,
  goals: Goal[],
  ours: [number, share: number][],
  raw: [number, share: number][],
): CaseResult {
  const measured = (all: [number, number][]) => all.map(([figure, share]) => ({ figures: { figure }, share }));
  return {
    part: "part",
    case: { name: "case", workload: "", figures: { figure: { unit, goals } }, contestants: {} },
    measured: { ours: measured(ours), raw: measured(raw) },
  };
}

const markOf = (result: CaseResult) => summarize(result)[0]!.verdicts[0]!.mark;

describe("The benchmark's summary", () => {
  it("compares rates of a full core, repeat by repeat", () => {
    const [line] = summarize(
      resultOf(
        "events/s",
        [],
        [
          [100, 0.5],
          [300, 1],
          [50, 0.5],
        ],
        [
          [400, 1],
          [400, 1],
          [400, 1],
        ],
      ),
    );
    expect(line!.ratios.raw).toEqual({ median: 0.5, min: 0.25, max: 0.75 });
  });

  it("compares times as they are", () => {
    const [line] = summarize(resultOf("us", [], [[30, 0.2]], [[10, 1]]));
    expect(line!.ratios.raw!.median).toBe(3);
  });

  it("marks a goal of a rate by the least that is asked for", () => {
    const goals: Goal[] = [{ beside: "raw", must: 0.5, aim: 0.7 }];
    const at = (...rates: number[]) =>
      markOf(
        resultOf(
          "events/s",
          goals,
          rates.map((rate) => [rate, 1]),
          rates.map(() => [100, 1]),
        ),
      );
    expect([at(70), at(50), at(49), at(40, 45, 51)]).toEqual(["aim met", "met", "missed", "unsure"]);
  });

  it("marks a goal of a time, or of a figure by itself, by the most that is allowed", () => {
    expect(markOf(resultOf("ms", [{ beside: "raw", must: 3 }], [[9, 1]], [[3, 1]]))).toBe("met");
    expect(markOf(resultOf("MB", [{ must: 60 }], [[61, 1]], [[3, 1]]))).toBe("missed");
  });

  it("gives no number, ratio or verdict where a check failed", () => {
    const result = resultOf("ms", [{ beside: "raw", must: 3 }], [[9, 1]], [[3, 1]]);
    const [line] = summarize({ ...result, measured: { ...result.measured, ours: { error: "the sum is wrong" } } });
    expect(line).toMatchObject({ numbers: { ours: { error: "the sum is wrong" } }, ratios: {}, verdicts: [] });
  });
});
