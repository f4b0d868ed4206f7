import { UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { compareLogs, history } from "./compare-logs.ts";
import { statesOf } from "./contents.ts";
import { copyHistory, endCopy } from "./copy-log.ts";
import { refuseHosts } from "./open-source.ts";
import { restorePlacesOf } from "./places.ts";
import { progress, type Tell } from "./progress.ts";
import { say, tableOf } from "./say.ts";
import { parseRestoreArguments } from "./usage.ts";

/**
 * Puts the events and links that a host has in its index back into the place that has lost them, or their end.
 * @param onCopied is told the position up to which it has come
 * @throws UsageError; UnusableStoreError; StoreUnavailableError
 */
export async function restoreCommand(args: readonly string[], onCopied: (position: number) => void): Promise<void> {
  const places = restorePlacesOf(parseRestoreArguments(args));
  const open: EventLog[] = [];
  try {
    const index = places.source();
    await index.open({ create: false });
    open.push(index);
    const log = places.target();
    await log.open({ identity: await index.identity() });
    open.push(log);
    const tell = progress();
    await restore(index, log, (task, done, total) => {
      onCopied(done);
      tell(task, done, total);
    });
  } finally {
    for (const log of open) await log.close();
    places.clear();
  }
}

async function restore(index: EventLog, log: EventLog, tell: Tell): Promise<void> {
  await assertSameLog(index, log);
  await refuseHosts(log, "nothing was restored. Stop every host of the store, and run it again");
  const [known, there] = [await index.head(), await log.head()];
  if (there > 0) say(`Found ${there} events there; the index has ${known}.`);
  const mark = await log.control.get(unfinishedCopy);
  if (!mark) await log.control.put(unfinishedCopy, { of: await index.identity() }, 0);
  await copyHistory(index, log, tell);
  if (there <= known) {
    const comparison = await compareLogs(index, log, tell, history);
    say(tableOf(comparison, history));
    if (comparison.difference !== null)
      throw new UnusableStoreError(log.location, `the log is not what the index has: ${comparison.difference}`);
  }
  await endCopy(log);
  say(`The log is restored: it has every event and link of the index, ${known} events.`);
  say(await controlStateOf(log));
}

/** @throws UnusableStoreError where it is another log, or has gone on from an earlier event */
async function assertSameLog(index: EventLog, log: EventLog): Promise<void> {
  const [expected, found] = [await index.identity(), await log.identity()];
  if (found !== expected)
    throw new UnusableStoreError(
      log.location,
      `found log ${found} there, expected ${expected}, that of the index, or none`,
    );
  const common = Math.min(await index.head(), await log.head());
  if (common === 0) return;
  const [known, there] = await Promise.all([index, log].map((one) => one.read({ after: common - 1, limit: 1 })));
  const [wanted, got] = [known!.events[0]!.id, there!.events[0]!.id];
  if (wanted !== got)
    throw new UnusableStoreError(
      log.location,
      `event ${common}: found ${got}, the index has ${wanted}: the log has gone on from an earlier one, and what the index has cannot follow it; nothing was restored. Export it into a file from another place: restore <index> sqlite:<file>`,
    );
}

async function controlStateOf(log: EventLog): Promise<string> {
  const any = await statesOf(log).next();
  return any.done
    ? "It has no control state, since no index has any: subscriptions and process managers begin as their startFrom says, processes and deadlines are gone."
    : "Its control state is the one that was there: checkpoints, processes and deadlines.";
}
