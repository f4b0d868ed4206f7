import type { KeyedState } from "../core/log/control.ts";
import type { EventLog, StreamSummary } from "../core/log/event-log.ts";
import type { RecordedEvent } from "../core/event/recorded-event.ts";
import type { CheckpointState } from "../mixins/consumer/checkpoint-state.ts";
import { unfinishedCopy } from "../core/log/unfinished-copy.ts";

const perPage = 1000;

/** The events after a position, in pages that are no larger than a message between nodes. */
export async function* pagesOfEvents(log: EventLog, after = 0): AsyncGenerator<RecordedEvent[]> {
  for (let page; !page?.end; after = page.position) {
    // SQLite reads without yielding to the event loop, so that signals would not be handled between two pages.
    await new Promise((turn) => setImmediate(turn));
    page = await log.read({ after, limit: perPage });
    if (page.events.length > 0) yield page.events;
  }
}

/** The linked events of each stream of links, page by page. */
export async function* pagesOfLinks(log: EventLog): AsyncGenerator<RecordedEvent[]> {
  for await (const { stream } of all((after) => log.links.streams({ ...after, limit: perPage }), "stream"))
    for (let afterVersion = 0; ;) {
      const page = await log.readStream(stream, { afterVersion, limit: perPage });
      if (page.length === 0) break;
      yield page;
      afterVersion = page.at(-1)!.link!.version;
    }
}

/** The streams of a log. */
export const streamsOf = (log: EventLog): AsyncGenerator<StreamSummary> =>
  all((after) => log.streams({ ...after, limit: perPage }), "stream");

/**
 * The control state without leases and the mark of an unfinished copy: checkpoints, paused and parked state, processes,
 * state snapshots.
 */
export async function* statesOf(log: EventLog, prefix = ""): AsyncGenerator<KeyedState> {
  for await (const state of all((after) => log.control.states({ prefix, ...after, limit: perPage }), "key"))
    if (state.key !== unfinishedCopy) yield state;
}

/** The checkpoints of the pump, of subscriptions and of process managers. Those of tables are in the tables. */
export async function* checkpointsOf(
  log: EventLog,
  pump: string,
): AsyncGenerator<{ consumer: string; position: number }> {
  const pumped = (await log.control.get(pump))?.value;
  if (pumped) yield { consumer: "pump", position: (pumped as { position: number }).position };
  for await (const { key, value } of statesOf(log, "state/")) {
    const { position, positionId, formerName } = value as Partial<CheckpointState>;
    // Below a process manager's checkpoint are its processes. That of a renamed consumer is under its former name.
    if (position === undefined || positionId === undefined || formerName !== undefined) continue;
    yield { consumer: key.slice("state/".length), position };
  }
}

/** All items of a paged list. Each page begins after the last item of the previous one. */
async function* all<Name extends string, Item extends Record<Name, string>>(
  ask: (after: { after?: string }) => Promise<Item[]>,
  name: Name,
): AsyncGenerator<Item> {
  for (let after = {}; ;) {
    const page = await ask(after);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = { after: last[name] };
  }
}
