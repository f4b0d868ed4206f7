import { UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { withFormat } from "../core/log/stored-format.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { compareLogs, history } from "./compare-logs.ts";
import { statesOf } from "./contents.ts";
import { copyHistory, endCopy } from "./copy-log.ts";
import { assertNoHosts } from "./open-source.ts";
import { restorePlacesOf } from "./places.ts";
import { progress, type OnProgress } from "./show-progress.ts";
import { say, tableOf } from "./say.ts";
import { parseRestoreArguments } from "./usage.ts";

/**
 * The command `restore`: copies events and links from a host's index into a log that has lost all or its last ones.
 * @param onCopied - Called with the position up to which the log is restored.
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
    const onProgress = progress();
    await restore(index, log, (task, done, total) => {
      onCopied(done);
      onProgress(task, done, total);
    });
  } finally {
    for (const log of open) await log.close();
    places.clear();
  }
}

async function restore(index: EventLog, log: EventLog, onProgress: OnProgress): Promise<void> {
  await assertSameLog(index, log);
  await assertNoHosts(log, "nothing was restored. Stop every host of the store, and run the command again");
  const [indexHead, logHead] = [await index.head(), await log.head()];
  if (logHead > 0) say(`The log has ${logHead} events; the index has ${indexHead}.`);
  const mark = await log.control.get(unfinishedCopy);
  if (!mark) await log.control.put(unfinishedCopy, withFormat("copy", { of: await index.identity() }), 0);
  await copyHistory(index, log, onProgress);
  if (logHead <= indexHead) {
    const comparison = await compareLogs(index, log, onProgress, history);
    say(tableOf(comparison, history));
    if (comparison.difference !== null)
      throw new UnusableStoreError(log.location, `the log differs from the index: ${comparison.difference}`);
  }
  await endCopy(log);
  say(`The log is restored: it contains every event and link of the index, ${indexHead} events.`);
  say(await controlStateOf(log));
}

/** @throws UnusableStoreError if the log is another one, or has diverged from the index */
async function assertSameLog(index: EventLog, log: EventLog): Promise<void> {
  const [expected, found] = [await index.identity(), await log.identity()];
  if (found !== expected)
    throw new UnusableStoreError(log.location, `found log ${found}, expected none or log ${expected} of the index`);
  const common = Math.min(await index.head(), await log.head());
  if (common === 0) return;
  const [inIndex, inLog] = await Promise.all([index, log].map((one) => one.read({ after: common - 1, limit: 1 })));
  const [wanted, got] = [inIndex!.events[0]!.id, inLog!.events[0]!.id];
  if (wanted !== got)
    throw new UnusableStoreError(
      log.location,
      `event ${common}: found ${got}, expected ${wanted} as in the index: the log has stored other events after an earlier position, so those of the index cannot follow; nothing was restored. Restore the index into a file instead: restore <index> sqlite:<file>`,
    );
}

async function controlStateOf(log: EventLog): Promise<string> {
  const any = await statesOf(log).next();
  return any.done
    ? "It has no control state, because an index contains none: subscriptions and process managers start by their startFrom option; processes and deadlines are lost."
    : "Its control state is unchanged: checkpoints, processes and deadlines.";
}
