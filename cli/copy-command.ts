import { UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { compareLogs, type Comparison } from "./compare-logs.ts";
import { say, tableOf } from "./say.ts";
import { beginCopy, copyLog, endCopy, otherPlace } from "./copy-log.ts";
import { openSource, refuseHosts } from "./open-source.ts";
import { placesOf, type Places } from "./places.ts";
import { progress, type Tell } from "./progress.ts";
import { parseCopyArguments } from "./usage.ts";

/** How often what a shared source was given meanwhile is copied as well. */
const maxRounds = 3;

/**
 * @param onCopied is told the position up to which the copy has come
 * @throws UsageError; UnusableStoreError; StoreUnavailableError
 */
export async function copyCommand(args: readonly string[], onCopied: (position: number) => void): Promise<void> {
  const places = placesOf(parseCopyArguments(args));
  const source = places.source();
  const open = new Set<EventLog>([source]);
  try {
    await openSource(source, places.sourceName);
    await copyAndCompare(source, places, open, onCopied);
  } finally {
    for (const log of open) await log.close();
    places.clear();
  }
}

async function copyAndCompare(
  source: EventLog,
  places: Places,
  open: Set<EventLog>,
  onCopied: (position: number) => void,
): Promise<void> {
  const tell = progress();
  const tellCopied: Tell = (task, done, total) => {
    onCopied(done);
    tell(task, done, total);
  };
  let copy = places.copy();
  open.add(copy);
  if ((await beginCopy(source, copy)) === "finished") return compareFinished(source, copy, tell);
  const begun = await copy.head();
  onCopied(begun);
  if (begun > 0) say(`A copy that was begun goes on after event ${begun}.`);
  for (let round = 1; ; round++) {
    await copyLog(source, copy, tellCopied);
    say("Opening the copy again, to compare it with its source.");
    // Opened again it answers from what it has kept.
    await copy.close();
    open.delete(copy);
    copy = places.copy();
    open.add(copy);
    await copy.open({ create: false });
    const comparison = await compareLogs(source, copy, tell);
    if (comparison.difference === null) {
      await refuseHosts(
        source,
        "what it stores is not in the copy, which stays closed. Stop every host of the store, and run it again",
      );
      await endCopy(copy);
      return sayWhole(comparison, "The copy is whole.");
    }
    if (source.capabilities.hosts === "one" || round === maxRounds) {
      say(tableOf(comparison));
      throw new UnusableStoreError(
        copy.location,
        `the copy is not what its source is: ${comparison.difference}. If the source has hosts that run, stop them and start the copy again`,
      );
    }
    say(`The source may have been written meanwhile, and the rest is copied: ${comparison.difference}`);
  }
}

async function compareFinished(source: EventLog, copy: EventLog, tell: Tell): Promise<void> {
  say("The copy was finished before; comparing it with its source.");
  const comparison = await compareLogs(source, copy, tell);
  if (comparison.difference === null) return sayWhole(comparison, "The copy was finished before, and is whole.");
  say(tableOf(comparison));
  throw new UnusableStoreError(
    copy.location,
    `<to> is a copy of <from> that was finished before, and since then one of the two has gone on: ${comparison.difference}. Nothing was copied; for another copy name another place: ${otherPlace(copy)}`,
  );
}

function sayWhole(comparison: Comparison, verdict: string): void {
  say(tableOf(comparison));
  say(`${verdict}
It has its source up to event ${comparison.source.events}. What the source is given from now on is not in it.`);
}
