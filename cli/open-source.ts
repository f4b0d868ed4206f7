import { setTimeout as elapsed } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { LeaseWatch } from "../core/consumer/lease-watch.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { times } from "../core/concurrency/times.ts";
import { pumpKey } from "../mixins/event-store/pump/pump-checkpoint.ts";

interface Source {
  /** How the command line calls it, `<from>`. */
  argument: string;
  /** The store's name, if it is part of the log's location. */
  name: string | null;
  /** What was not done while a host runs: "nothing was copied". */
  undone: string;
}

/**
 * Opens a log that is there.
 * @throws UnusableStoreError if there is no log, it is an unfinished copy, or a host of its store is running
 */
export async function openSource(source: EventLog, { argument, name, undone }: Source): Promise<void> {
  try {
    await source.open({ create: false });
  } catch (error) {
    if (!(error instanceof MissingLogError) || name === null) throw error;
    throw new UnusableStoreError(
      source.location,
      `found no log named ${name}, expected one: --name is the store's name, ${argument} its place: server, database, ?schema= or ?prefix=`,
    );
  }
  if ((await source.control.get(unfinishedCopy)) !== null)
    throw new UnusableStoreError(source.location, `${argument} is an unfinished copy, expected a finished one`);
  await assertNoHosts(source, `${undone}. Stop every host of the store, and run the command again`);
}

/**
 * Throws if a host of a shared log is running: one host holds the pump's lease and renews it. Waits until the lease of a
 * killed host has expired.
 * @throws UnusableStoreError
 */
export async function assertNoHosts(log: EventLog, whatNow: string): Promise<void> {
  // A log with a single host could not be opened while that host is running.
  if (log.capabilities.hosts === "one") return;
  const holder = randomUUID();
  const watch = new LeaseWatch();
  for (let seen: string | null = null; ;) {
    const lapsed = watch.lapsedAt(performance.now());
    const { lease, current } = await log.control.acquireLease(pumpKey, holder, times.lease.lastsMs, lapsed);
    // Released at once, so that the next check detects a host that starts from now on.
    if (lease) return log.control.releaseLease(lease);
    watch.record(current, performance.now());
    if (seen !== null && seen !== current.mark)
      throw new UnusableStoreError(log.location, `found a host of the store running, expected none: ${whatNow}`);
    if (seen === null)
      process.stderr.write(
        `${log.location}: a host of the store is running or was killed; waiting up to ${current.ttlMs / 1000} s for its lease to expire.\n`,
      );
    seen = current.mark;
    await elapsed(Math.min(times.copy.retryMs, Math.max(watch.restMs(performance.now()), 0)));
  }
}
