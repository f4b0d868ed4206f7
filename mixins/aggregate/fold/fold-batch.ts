import type { Batch } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { FoldState } from "./fold-state.ts";
import type { FoldOutcome } from "./mapped-transforms.ts";
import { FieldFilledError } from "./unfilled-fields.ts";

/** A batch's transaction ends after this many events or this much time, whichever comes first. */
const maxEventsPerBatch = 500;
const maxBatchMs = 20;
/** A remote engine yields to the event loop at each step, so longer batches are harmless and save commits. */
const maxRemoteBatchMs = 200;

/** The outcome of one event: folded, parked behind another event of its stream, of an unmapped type, or failed. */
export type EventOutcome = FoldOutcome | { did: "wait" | "pass" };

export const passed: EventOutcome = { did: "pass" };
export const waits: EventOutcome = { did: "wait" };

/** The callbacks of a batch, called for each of its events. */
export interface BatchStep {
  fold: (batch: Batch, event: RecordedEvent) => EventOutcome | Promise<EventOutcome>;
  /** Called after the event is done. Returns whether the event requires a commit of the batch. */
  pass: (event: RecordedEvent, did: "fold" | "wait" | "pass") => boolean;
  /** Checked before each event but the first. */
  mustStop: () => boolean;
}

export interface BatchOutcome {
  /** The index of the first event that is not done; the events before it are committed. */
  next: number;
  folded: number;
  isCommitted: boolean;
  /** The error of that event, if it has failed. */
  failure: { event: RecordedEvent; error: unknown } | null;
}

/**
 * Folds at least one event in one batch, until one fails or the batch has to end. Without changes it needs no commit.
 */
export async function foldBatch(
  state: FoldState,
  events: readonly RecordedEvent[],
  from: number,
  { fold, pass, mustStop }: BatchStep,
): Promise<BatchOutcome> {
  const batch: BatchOutcome = { next: from, folded: 0, isCommitted: false, failure: null };
  const end = Math.min(events.length, from + maxEventsPerBatch);
  await state.inBatch(async (changes, isRemote) => {
    const began = performance.now();
    let maxMs = isRemote ? maxRemoteBatchMs : maxBatchMs;
    for (; batch.next < end; batch.next++) {
      if (batch.next > from && (mustStop() || performance.now() >= began + maxMs)) break;
      const event = events[batch.next]!;
      const folding = fold(changes, event);
      // Awaits promises only: an await costs more than the fold itself.
      const outcome = folding instanceof Promise ? await folding : folding;
      if (folding === outcome && outcome !== passed) maxMs = maxBatchMs;
      if ("error" in outcome) {
        if (outcome.error instanceof FieldFilledError) throw outcome.error;
        batch.failure = { event, error: outcome.error };
        break;
      }
      if (pass(event, outcome.did)) batch.isCommitted = true;
      if (outcome.did === "fold") batch.folded++;
    }
    return batch.isCommitted;
  });
  return batch;
}
