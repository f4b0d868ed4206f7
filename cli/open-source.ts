import { setTimeout as elapsed } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { LeaseWatch } from "../core/consumer/lease-watch.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { times } from "../core/concurrency/times.ts";
import { pumpKey } from "../mixins/event-store/pump/pump-checkpoint.ts";

/**
 * Opens a log to be copied.
 * @param name the store's, where it is a part of the place
 * @throws UnusableStoreError where there is none, or it is not whole itself, or a host of its store is running
 */
export async function openSource(source: EventLog, name: string | null): Promise<void> {
  try {
    await source.open({ create: false });
  } catch (error) {
    if (!(error instanceof MissingLogError) || name === null) throw error;
    throw new UnusableStoreError(
      source.location,
      `found no log named ${name} there; --name names the store, <from> its place: server, database, ?schema= or ?prefix=`,
    );
  }
  if ((await source.control.get(unfinishedCopy)) !== null)
    throw new UnusableStoreError(source.location, "<from> is a copy that is not finished itself");
  await refuseHosts(source, "nothing was copied. Stop every host of the store, and run it again");
}

/**
 * Of the hosts of a shared log that run one holds the pump's lease, and renews it; that of a host that was killed is
 * waited for until it has lapsed.
 * @throws UnusableStoreError
 */
export async function refuseHosts(log: EventLog, whatNow: string): Promise<void> {
  // A log with one host could not be opened beside it.
  if (log.capabilities.hosts === "one") return;
  const holder = randomUUID();
  const watch = new LeaseWatch();
  for (let seen: string | null = null; ;) {
    const lapsed = watch.lapsedAt(performance.now());
    const { lease, heldBy } = await log.control.acquireLease(pumpKey, holder, times.lease.lastsMs, lapsed);
    // Given back at once: of a host that is started from now on it tells again.
    if (lease) return log.control.releaseLease(lease);
    watch.note(heldBy, performance.now());
    if (seen !== null && seen !== heldBy.mark)
      throw new UnusableStoreError(log.location, `found a host of the store running, expected none: ${whatNow}`);
    if (seen === null)
      process.stderr.write(
        `${log.location}: a host of the store runs, or was killed a moment ago; waiting up to ${heldBy.ttlMs / 1000} s to see which.\n`,
      );
    seen = heldBy.mark;
    await elapsed(Math.min(times.copy.retryMs, Math.max(watch.restMs(performance.now()), 0)));
  }
}
