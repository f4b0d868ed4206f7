import type { ParkedChoice } from "../../core/consumer-control.ts";
import { Pace } from "../../core/pace.ts";
import type { ParkedEvent } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import type { Fold } from "./fold.ts";

type ReadEvent = (id: string) => Promise<RecordedEvent>;

/** Tries the parked events that were chosen again, stream by stream; without a choice all. Answers how many were folded. */
export async function retryParked(fold: Fold, { id, stream }: ParkedChoice, read: ReadEvent): Promise<number> {
  const chosen = fold.parked.filter(
    (event) => (id ?? event.id) === event.id && (stream ?? event.stream) === event.stream,
  );
  return retryStreams(fold, new Set(chosen.map((event) => event.stream)), read);
}

/** Gives these events up, and folds what waited behind them. Answers how many were folded. */
export async function skipParked(fold: Fold, skipped: ReadonlySet<string>, read: ReadEvent): Promise<number> {
  await fold.skip(skipped);
  return retryStreams(fold, waitingForNothing(fold.parked), read);
}

/** The streams whose failed event was given up, or was folded late when a crash or an outage kept the others from following. */
function waitingForNothing(parked: readonly ParkedEvent[]): Set<string> {
  const first = new Map<string, ParkedEvent>();
  for (const event of parked) if (!first.has(event.stream)) first.set(event.stream, event);
  return new Set([...first.values()].flatMap(({ stream, error }) => (error ? [] : [stream])));
}

async function retryStreams(fold: Fold, streams: ReadonlySet<string>, read: ReadEvent): Promise<number> {
  const parked = Map.groupBy(fold.parked, ({ stream }) => stream);
  const pace = new Pace();
  let folded = 0;
  for (const stream of streams) {
    folded += await fold.retry(parked.get(stream) ?? [], read);
    // A store and a table of this process answer without ever leaving the thread.
    if (pace.isDue()) await pace.turn();
  }
  return folded;
}
