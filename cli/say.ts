import { kinds, type Comparison, type Kind } from "./compare-logs.ts";

/** Writes a line to stdout. */
export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** A table with the numbers of the source and its copy. */
export function tableOf({ source, copy }: Comparison, compared: readonly Kind[] = kinds): string {
  const names = [...compared, "checksum"] as const;
  const rows = [
    ["", ...names],
    ["source", ...names.map((name) => String(source[name]))],
    ["copy", ...names.map((name) => String(copy[name]))],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
