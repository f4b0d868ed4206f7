import { UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { compareLogs, type Comparison } from "./compare-logs.ts";
import { say, tableOf } from "./say.ts";
import { beginCopy, copyLog, endCopy, otherPlace } from "./copy-log.ts";
import { openSource, assertNoHosts } from "./open-source.ts";
import { placesOf, type Places } from "./places.ts";
import { progress, type OnProgress } from "./show-progress.ts";
import { parseCopyArguments } from "./usage.ts";

/** How often events that are appended to a shared source during the copy are copied as well. */
const maxRounds = 3;

/**
 * The command `copy`: copies a log into another place, and compares both.
 * @param onCopied - Called with the position up to which the log is copied.
 * @throws UsageError; UnusableStoreError; StoreUnavailableError
 */
export async function copyCommand(args: readonly string[], onCopied: (position: number) => void): Promise<void> {
  const places = placesOf(parseCopyArguments(args));
  const source = places.source();
  const open = new Set<EventLog>([source]);
  try {
    await openSource(source, { argument: "<from>", name: places.sourceName, undone: "nothing was copied" });
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
  const onProgress = progress();
  const onCopyProgress: OnProgress = (task, done, total) => {
    onCopied(done);
    onProgress(task, done, total);
  };
  let copy = places.copy();
  open.add(copy);
  if ((await beginCopy(source, copy)) === "finished") return compareFinished(source, copy, onProgress);
  const begun = await copy.head();
  onCopied(begun);
  if (begun > 0) say(`An interrupted copy continues after event ${begun}.`);
  for (let round = 1; ; round++) {
    await copyLog(source, copy, onCopyProgress);
    say("Opening the copy again, to compare it with its source.");
    // Reopened, so that the comparison reads what is stored.
    await copy.close();
    open.delete(copy);
    copy = places.copy();
    open.add(copy);
    await copy.open({ create: false });
    const comparison = await compareLogs(source, copy, onProgress);
    if (comparison.difference === null) {
      await assertNoHosts(
        source,
        "its new events are not in the copy, which no store opens before it is finished. Stop every host of the store, and run the command again",
      );
      await endCopy(copy);
      return sayWhole(comparison, "The copy is whole.");
    }
    if (source.capabilities.hosts === "one" || round === maxRounds) {
      say(tableOf(comparison));
      throw new UnusableStoreError(
        copy.location,
        `the copy differs from its source: ${comparison.difference}. If the source has running hosts, stop them and run the command again`,
      );
    }
    say(`The source may have changed during the copy; copying the rest: ${comparison.difference}`);
  }
}

async function compareFinished(source: EventLog, copy: EventLog, onProgress: OnProgress): Promise<void> {
  say("The copy was finished before; comparing it with its source.");
  const comparison = await compareLogs(source, copy, onProgress);
  if (comparison.difference === null) return sayWhole(comparison, "The copy was finished before, and is whole.");
  say(tableOf(comparison));
  throw new UnusableStoreError(
    copy.location,
    `<to> is a copy of <from> that was finished before, and one of the two has changed since: ${comparison.difference}. Nothing was copied; for another copy choose another place: ${otherPlace(copy)}`,
  );
}

function sayWhole(comparison: Comparison, verdict: string): void {
  say(tableOf(comparison));
  say(`${verdict}
It contains its source up to event ${comparison.source.events}. Later events of the source are not copied.`);
}
