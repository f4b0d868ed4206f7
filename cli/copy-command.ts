import { UnusableStoreError } from "../core/errors.ts";
import type { EventLog } from "../core/event-log.ts";
import { compareLogs, type Comparison } from "./compare-logs.ts";
import { beginCopy, copyLog, endCopy } from "./copy-log.ts";
import { placesOf, type Places } from "./places.ts";
import { progress } from "./progress.ts";
import { parseCopyArguments } from "./usage.ts";

/** How often what a shared source was given meanwhile is copied as well. */
const maxRounds = 3;

/** @throws UsageError; UnusableStoreError; StoreUnavailableError */
export async function copyCommand(args: readonly string[]): Promise<void> {
  const places = placesOf(parseCopyArguments(args));
  const source = places.source();
  const open = new Set<EventLog>([source]);
  try {
    await copyAndCompare(source, places, open);
  } finally {
    for (const log of open) await log.close();
    places.clear();
  }
}

async function copyAndCompare(source: EventLog, places: Places, open: Set<EventLog>): Promise<void> {
  const tell = progress();
  let copy = places.copy();
  open.add(copy);
  await beginCopy(source, copy);
  const begun = await copy.head();
  if (begun > 0) say(`A copy that was begun goes on after event ${begun}.`);
  for (let round = 1; ; round++) {
    await copyLog(source, copy, tell);
    say("Opening the copy again, to compare it with its source.");
    // Opened again it answers from what it has kept.
    await copy.close();
    open.delete(copy);
    copy = places.copy();
    open.add(copy);
    await copy.open({ create: false });
    const comparison = await compareLogs(source, copy, tell);
    if (comparison.difference === null) {
      await endCopy(copy);
      return say(`${tableOf(comparison)}\nThe copy is whole.`);
    }
    if (source.capabilities.hosts === "one" || round === maxRounds) {
      say(tableOf(comparison));
      throw new UnusableStoreError(
        copy.engine,
        `the copy is not what its source is: ${comparison.difference}. If the source has hosts that run, stop them and start the copy again`,
      );
    }
    say(`The source may have been written meanwhile, and the rest is copied: ${comparison.difference}`);
  }
}

function tableOf({ source, copy }: Comparison): string {
  const names = ["events", "streams", "links", "states", "checksum"] as const;
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

const say = (text: string) => void process.stdout.write(`${text}\n`);
