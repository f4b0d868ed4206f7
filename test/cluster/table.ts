import type { Row } from "./fault-run.ts";

const headings = [
  "fault",
  "acknowledged",
  "lost",
  "twice",
  "half",
  "effects repeated",
  "appends stopped",
  "bare driver (NATS: commits / control state)",
  "consumers stopped",
  "callers saw",
];

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const listed = (values: Record<string, number>, format: (value: number) => string) =>
  Object.entries(values)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name} ${format(value)}`)
    .join(", ") || "–";

const cells = (row: Row): string[] => [
  row.fault,
  String(row.acknowledged),
  String(row.counts.lost),
  String(row.counts.twice),
  String(row.counts.half),
  String(row.repeatedEffects),
  seconds(row.appendsStoppedMs),
  seconds(row.bareStoppedMs) + (row.controlStoppedMs === null ? "" : ` / ${seconds(row.controlStoppedMs)}`),
  listed(row.consumersStoppedMs, seconds),
  listed(row.failures, String),
];

const line = (values: readonly string[]) => `| ${values.join(" | ")} |`;

const findings = ({ fault, examples }: Row): string[] => examples.map((example) => `- ${fault}: ${example}`);

/** One row in Markdown, followed by its violations. */
export const rowOf = (row: Row): string => [line(cells(row)), ...findings(row)].join("\n");

/** Rows in Markdown, followed by their violations. */
export const tableOf = (rows: readonly Row[]): string =>
  [
    line(headings),
    line(headings.map(() => "---")),
    ...rows.map((row) => line(cells(row))),
    "",
    ...rows.flatMap(findings),
  ].join("\n");
