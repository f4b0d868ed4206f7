import { randomUUID } from "node:crypto";
import { StoreUnavailableError, UnusableStoreError } from "../core/errors/errors.ts";
import { manyEvents, type EventLog } from "../core/log/event-log.ts";
import { toImportRequest } from "../core/interchange/history-event.ts";
import type { RecordedEvent } from "../core/event/recorded-event.ts";
import { withFormat } from "../core/log/stored-format.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { times } from "../core/concurrency/times.ts";
import { pagesOfEvents, pagesOfLinks, statesOf } from "./contents.ts";
import type { OnProgress } from "./show-progress.ts";

/** Copies everything that the copy lacks from the source. Both are open. */
export async function copyLog(source: EventLog, copy: EventLog, onProgress: OnProgress): Promise<void> {
  await copyHistory(source, copy, onProgress);
  await copyStates(source, copy);
}

/** Copies events and links. */
export async function copyHistory(source: EventLog, copy: EventLog, onProgress: OnProgress): Promise<void> {
  await copyEvents(source, copy, onProgress);
  for await (const page of pagesOfLinks(source))
    await copy.links.add(
      page[0]!.link!.stream,
      page.map(({ id }) => id),
    );
}

async function copyEvents(source: EventLog, copy: EventLog, onProgress: OnProgress): Promise<void> {
  const total = await source.head();
  const begun = await copy.head();
  for await (const events of pagesOfEvents(source, begun)) {
    assertPast(events.at(-1)!);
    const verdicts = await copy.append(events.map((event) => toImportRequest(event, Infinity)));
    for (const [index, verdict] of verdicts.entries()) {
      const { id, position, time } = events[index]!;
      if ("error" in verdict) throw verdict.error;
      const [stored] = verdict.events;
      if (stored?.position !== position || stored.time !== time)
        throw new UnusableStoreError(
          copy.location,
          `found event ${id} at position ${stored?.position} with time ${stored?.time}, expected ${position} and ${time}: another process writes to the copy, or the server's clock is behind; remove the copy and run the command again`,
        );
    }
    onProgress("copying", events.at(-1)!.position, Math.max(total, events.at(-1)!.position));
  }
  if ((await copy.head()) - begun >= manyEvents) await copy.refreshStatistics?.();
}

/** Rejects an event with a future time: engines would store it with the current time. */
function assertPast({ position, time }: RecordedEvent): void {
  const now = new Date().toISOString();
  if (time > now)
    throw new StoreUnavailableError(
      "copy",
      `event ${position} has the time ${time}, expected one before this machine's clock (${now}): set the clock, and run the command again`,
    );
}

async function copyStates(source: EventLog, copy: EventLog): Promise<void> {
  const put = async (key: string, value: unknown) => {
    const current = await copy.control.get(key);
    const revision = await copy.control.put(key, value, current?.revision ?? 0).catch((error: Error) => {
      // Names the state, because the limits of values differ between engines.
      throw new UnusableStoreError(copy.location, `state ${key} was not stored: ${error.message}`, error);
    });
    if (revision === null)
      throw new UnusableStoreError(
        copy.location,
        `state ${key} was changed by another process that writes to the copy`,
      );
  };
  for await (const { key, value } of statesOf(source)) await put(key, value);
  // Removes states that an earlier round has copied, but that the source no longer has.
  for await (const { key } of statesOf(copy)) if ((await source.control.get(key)) === null) await put(key, undefined);
}

/**
 * Opens the copy and marks it as unfinished. Returns "finished", and changes nothing, if the copy was finished before.
 * @throws UnusableStoreError if `<to>` is another log or the source itself
 */
export async function beginCopy(source: EventLog, copy: EventLog): Promise<"begun" | "finished"> {
  const identity = await source.identity();
  await copy.open({ identity });
  if ((await copy.identity()) !== identity)
    throw new UnusableStoreError(
      copy.location,
      `found another log at <to>, expected none or an unfinished copy of <from>; choose another place: ${otherPlace(copy)}`,
    );
  if ((await copy.control.get(unfinishedCopy)) !== null) return "begun";
  if (await isOneLog(source, copy))
    throw new UnusableStoreError(
      copy.location,
      `<to> is the same log as <from>; choose another place: ${otherPlace(copy)}`,
    );
  const isEmpty = (await copy.head()) === 0 && (await copy.control.states({ prefix: "", limit: 1 })).length === 0;
  if (!isEmpty) return "finished";
  await copy.control.put(unfinishedCopy, withFormat("copy", { of: identity }), 0);
  return "begun";
}

/** True if both are the same log. A copy has the identity of its source, but only the same log shares leases. */
async function isOneLog(source: EventLog, copy: EventLog): Promise<boolean> {
  // A log with a single host cannot be opened twice.
  if (source.capabilities.hosts === "one" || copy.capabilities.hosts === "one") return false;
  const holder = randomUUID();
  const ask = (log: EventLog, as: string, lapsed?: string) =>
    log.control.acquireLease(unfinishedCopy, as, times.lease.lastsMs, lapsed);
  const before = await ask(source, holder);
  // A lease that a killed command has left is treated as expired.
  const sourceLease = before.lease ?? (await ask(source, holder, before.current.mark)).lease;
  const onCopy = await ask(copy, randomUUID());
  if (sourceLease) await source.control.releaseLease(sourceLease);
  if (onCopy.lease) await copy.control.releaseLease(onCopy.lease);
  return onCopy.current?.holder === holder;
}

/** Engines by the name of their log; any other engine keeps stores apart by name. */
const otherPlaces: Readonly<Record<string, string | undefined>> = {
  sqlite: "another file",
  nats: "--to-name, or another ?prefix=",
  mongodb: "--to-name, or another database",
  postgres: "another database, another ?schema=, or --to-name",
};

/** For messages: how `<to>` can name another place on the same engine. */
export const otherPlace = ({ engine }: EventLog): string => otherPlaces[engine] ?? "--to-name";

/** Removes the mark of an unfinished copy, so that a store can open the log. */
export async function endCopy(copy: EventLog): Promise<void> {
  const mark = await copy.control.get(unfinishedCopy);
  if (mark) await copy.control.put(unfinishedCopy, undefined, mark.revision);
}
