import type { Case, Contestant, Unit } from "./part.ts";
import { isRate } from "./part.ts";
import type { Line, Mark, Spread, Verdict } from "./summary.ts";

export interface Report {
  machine: Record<string, string>;
  quick: boolean;
  repeats: number;
  lines: Line[];
  cases: readonly Case[];
}

const peers: Contestant[] = ["emmett", "moleculer-db", "one host"];
const header = ["workload", "ours", "raw", "peer", "ours : raw", "ours : peer", "goal"];

/** The whole report as Markdown, with aligned columns so that it is readable as text. */
export function toMarkdown({ machine, quick, repeats, lines, cases }: Report): string {
  const rows = lines.map(toRow);
  const widths = header.map((name, column) =>
    Math.max(...[...rows.map((row) => row[column]!), name].map(({ length }) => length)),
  );
  const join = (cells: string[], fill = " ") =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(" | ")} |`;
  return [
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    `Median [least .. most] of ${repeats} ${repeats === 1 ? "repeat" : "repeats"}, then @ the share of a core that the host gave. ` +
      "Ratios are medians of those of the single repeats; of rates, each divided by its share." +
      (quick ? " **A quick run: small amounts of work, no basis for a judgement.**" : ""),
    "",
    join(header),
    join(
      header.map(() => ""),
      "-",
    ),
    ...rows.map((row) => join(row)),
    "",
    ...cases.map(({ name, workload }) => `- **${name}**: ${workload}`),
    ...errorsOf(lines),
    "",
  ].join("\n");
}

function toRow({ case: name, figure, unit, numbers, ratios, verdicts }: Line): string[] {
  const peer = peers.find((one) => numbers[one]);
  const ratioTo = (other: Contestant | undefined) => (other && ratios[other] ? spreadInWords(ratios[other]) : "");
  return [
    `${name}: ${figure === "rate" ? unit : `${figure}, ${unit}`}`,
    numbersInWords(numbers.ours),
    numbersInWords(numbers.raw),
    peer ? `${peer} ${numbersInWords(numbers[peer])}` : "",
    ratioTo("raw"),
    ratioTo(peer),
    verdicts.map((verdict) => verdictInWords(verdict, unit)).join("; "),
  ];
}

const marks: Record<Mark, string> = {
  "aim met": "✓✓ aim met",
  met: "✓ met",
  unsure: "? missed within the range",
  missed: "✗ missed",
};

function verdictInWords({ goal: { beside, must, aim }, mark }: Verdict, unit: Unit): string {
  const aimed = aim === undefined ? "" : ` (${aim})`;
  return `${isRate(unit) ? "≥" : "≤"} ${must}${aimed}${beside ? ` × ${beside}` : ` ${unit}`} ${marks[mark]}`;
}

function numbersInWords(found: Line["numbers"][Contestant]): string {
  if (!found) return "";
  return "error" in found ? "failed" : `${spreadInWords(found)} @ ${found.share.toFixed(2)}`;
}

const spreadInWords = ({ median, min, max }: Spread) =>
  min === max ? short(median) : `${short(median)} [${short(min)} .. ${short(max)}]`;

/** Rounds to three significant digits. */
const short = (value: number) =>
  value.toLocaleString("en", Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });

/** The errors, once per contestant of a case: a number without its check does not count. */
function errorsOf(lines: readonly Line[]): string[] {
  const errors = new Map<string, string>();
  for (const { case: name, numbers } of lines)
    for (const [contestant, found] of Object.entries(numbers))
      if ("error" in found) errors.set(`${name}, ${contestant}`, found.error);
  if (errors.size === 0) return [];
  return [
    "",
    ...[...errors].map(([contestant, error]) => `Failed: ${contestant}\n\n${error.replaceAll(/^/gm, "    ")}\n`),
  ];
}
