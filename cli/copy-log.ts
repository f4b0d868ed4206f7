import { randomUUID } from "node:crypto";
import { StoreUnavailableError, UnusableStoreError } from "../core/errors/errors.ts";
import { manyEvents, type EventLog } from "../core/log/event-log.ts";
import { toImportRequest } from "../core/interchange/history-event.ts";
import type { RecordedEvent } from "../core/event/recorded-event.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";
import { times } from "../core/concurrency/times.ts";
import { pagesOfEvents, pagesOfLinks, statesOf } from "./contents.ts";
import type { Tell } from "./progress.ts";

/** Brings the copy, which may have a part of it already, to what the source has now. Both are open. */
export async function copyLog(source: EventLog, copy: EventLog, tell: Tell): Promise<void> {
  await copyHistory(source, copy, tell);
  await copyStates(source, copy);
}

/** Events and links. */
export async function copyHistory(source: EventLog, copy: EventLog, tell: Tell): Promise<void> {
  await copyEvents(source, copy, tell);
  for await (const page of pagesOfLinks(source))
    await copy.links.add(
      page[0]!.link!.stream,
      page.map(({ id }) => id),
    );
}

async function copyEvents(source: EventLog, copy: EventLog, tell: Tell): Promise<void> {
  const total = await source.head();
  const begun = await copy.head();
  for await (const events of pagesOfEvents(source, begun)) {
    refuseFuture(events.at(-1)!);
    const verdicts = await copy.append(events.map((event) => toImportRequest(event, Infinity)));
    for (const [index, verdict] of verdicts.entries()) {
      const { id, position, time } = events[index]!;
      if ("error" in verdict) throw verdict.error;
      const [stored] = verdict.events;
      if (stored?.position !== position || stored.time !== time)
        throw new UnusableStoreError(
          copy.location,
          `found event ${id} at position ${stored?.position} with time ${stored?.time}, expected ${position} and ${time}: the copy is written by somebody else, or the server's clock is behind; remove the copy and begin again`,
        );
    }
    tell("copying", events.at(-1)!.position, Math.max(total, events.at(-1)!.position));
  }
  if ((await copy.head()) - begun >= manyEvents) await copy.refreshStatistics?.();
}

/** No engine stores an event as later than now: it would get another time, for ever. */
function refuseFuture({ position, time }: RecordedEvent): void {
  const now = new Date().toISOString();
  if (time > now)
    throw new StoreUnavailableError(
      "copy",
      `event ${position} happened at ${time}, later than this machine's clock (${now}): set it, and start the copy again`,
    );
}

async function copyStates(source: EventLog, copy: EventLog): Promise<void> {
  const put = async (key: string, value: unknown) => {
    const kept = await copy.control.get(key);
    const revision = await copy.control.put(key, value, kept?.revision ?? 0).catch((error: Error) => {
      // Engines have room for values of different sizes: whose it is says what is to be done.
      throw new UnusableStoreError(copy.location, `state ${key} was not stored: ${error.message}`, error);
    });
    if (revision === null)
      throw new UnusableStoreError(copy.location, `state ${key}: somebody else writes to the copy`);
  };
  for await (const { key, value } of statesOf(source)) await put(key, value);
  // Those that a round before had copied, and that the source has no longer.
  for await (const { key } of statesOf(copy)) if ((await source.control.get(key)) === null) await put(key, undefined);
}

/**
 * Opens the copy, and marks it as one that is not finished; `finished` where it had been before, and nothing was done.
 * @throws UnusableStoreError where it is something else already
 */
export async function beginCopy(source: EventLog, copy: EventLog): Promise<"begun" | "finished"> {
  const identity = await source.identity();
  await copy.open({ identity });
  if ((await copy.identity()) !== identity)
    throw new UnusableStoreError(
      copy.location,
      `<to> is another log already, expected none, or a copy that was begun; name another place: ${otherPlace(copy)}`,
    );
  if ((await copy.control.get(unfinishedCopy)) !== null) return "begun";
  if (await isOneLog(source, copy))
    throw new UnusableStoreError(
      copy.location,
      `<to> is <from> by another address; name another place: ${otherPlace(copy)}`,
    );
  const isEmpty = (await copy.head()) === 0 && (await copy.control.states({ prefix: "", limit: 1 })).length === 0;
  if (!isEmpty) return "finished";
  await copy.control.put(unfinishedCopy, { of: identity }, 0);
  return "begun";
}

/** Of one identity are a log and its copies: only where both are the same one do they share a lease. */
async function isOneLog(source: EventLog, copy: EventLog): Promise<boolean> {
  // A log with one host could not be open twice.
  if (source.capabilities.hosts === "one" || copy.capabilities.hosts === "one") return false;
  const holder = randomUUID();
  const ask = (log: EventLog, as: string, lapsed?: string) =>
    log.control.acquireLease(unfinishedCopy, as, times.lease.lastsMs, lapsed);
  const before = await ask(source, holder);
  // One that a killed command has left means nothing.
  const here = before.lease ?? (await ask(source, holder, before.heldBy.mark)).lease;
  const there = await ask(copy, randomUUID());
  if (here) await source.control.releaseLease(here);
  if (there.lease) await copy.control.releaseLease(there.lease);
  return there.heldBy?.holder === holder;
}

const otherPlaces: Record<string, string> = {
  sqlite: "another file",
  nats: "--to-name, or another ?prefix=",
  mongodb: "--to-name, or another database",
  postgres: "another database, another ?schema=, or --to-name",
};

/** What can be said for `<to>` to mean another place of the same engine. */
export const otherPlace = ({ engine }: EventLog): string => otherPlaces[engine]!;

/** From here on a store may have it. */
export async function endCopy(copy: EventLog): Promise<void> {
  const mark = await copy.control.get(unfinishedCopy);
  if (mark) await copy.control.put(unfinishedCopy, undefined, mark.revision);
}
