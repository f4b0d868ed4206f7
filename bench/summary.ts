import type { CaseResult } from "./measure.ts";
import type { Measured } from "./measurement.ts";
import { isRate, type Contestant, type Goal, type Unit } from "./part.ts";
import { median } from "./statistics.ts";

export interface Spread {
  median: number;
  min: number;
  max: number;
}

export interface Numbers extends Spread {
  values: number[];
  /** The median of the host's shares of a core. */
  share: number;
}

/** The mark of a goal; `unsure` if the ratios of single repeats lie on both sides of the goal. */
export type Mark = "aim met" | "met" | "missed" | "unsure";

export interface Verdict extends Spread {
  goal: Goal;
  mark: Mark;
}

/** One line of the table. */
export interface Line {
  part: string;
  case: string;
  figure: string;
  unit: Unit;
  numbers: Partial<Record<Contestant, Numbers | { error: string }>>;
  /** Our figure divided by each other contestant's. */
  ratios: Partial<Record<Contestant, Spread>>;
  verdicts: Verdict[];
}

export function summarize({ part, case: one, measured }: CaseResult): Line[] {
  return Object.entries(one.figures).map(([figure, { unit, goals = [] }]) => {
    const numbers: Line["numbers"] = {};
    const ratios: Line["ratios"] = {};
    for (const [contestant, all] of Object.entries(measured) as [Contestant, Measured[] | { error: string }][]) {
      numbers[contestant] = "error" in all ? all : numbersOf(all, figure);
      const { ours } = measured;
      if (contestant !== "ours" && ours && !("error" in ours) && !("error" in all))
        ratios[contestant] = spread(ours.map((own, repeat) => ratio(own, all[repeat]!, figure, unit)));
    }
    const verdicts = goals.flatMap((goal): Verdict[] => {
      const { ours } = numbers;
      const reached = goal.beside ? ratios[goal.beside] : ours && "median" in ours ? ours : undefined;
      return reached ? [{ goal, mark: judge(goal, reached, isRate(unit)), ...spreadOf(reached) }] : [];
    });
    return { part, case: one.name, figure, unit, numbers, ratios, verdicts };
  });
}

function numbersOf(all: readonly Measured[], figure: string): Numbers {
  const values = all.map(({ figures }) => figures[figure]!);
  return { ...spread(values), values, share: median(all.map(({ share }) => share)) };
}

/**
 * The ratio of one repeat. Rates are divided by the share of a core that the host gave during the measurement. Times
 * are compared as measured: the host's gaps hardly change a median.
 */
function ratio(ours: Measured, other: Measured, figure: string, unit: Unit): number {
  const plain = ours.figures[figure]! / other.figures[figure]!;
  return isRate(unit) ? (plain * other.share) / ours.share : plain;
}

function judge({ must, aim }: Goal, { median, min, max }: Spread, more: boolean): Mark {
  const reaches = (value: number, wanted: number) => (more ? value >= wanted : value <= wanted);
  if (aim !== undefined && reaches(median, aim)) return "aim met";
  if (reaches(median, must)) return "met";
  return reaches(more ? max : min, must) ? "unsure" : "missed";
}

const spreadOf = ({ median, min, max }: Spread): Spread => ({ median, min, max });

const spread = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});
