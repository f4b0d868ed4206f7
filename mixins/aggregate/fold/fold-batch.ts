import type { Batch } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { FoldState } from "./fold-state.ts";
import type { FoldOutcome } from "./mapped-transforms.ts";

/** A batch's transaction ends after so many events or so much time, whichever comes first. */
const maxEventsPerBatch = 500;
const maxBatchMs = 20;
/** A remote engine gives others their turn at each step: no reason for so many commits. */
const maxRemoteBatchMs = 200;

/** What happened to one event: folded, set aside behind a parked one, of a type that is not mapped, or failed. */
export type EventOutcome = FoldOutcome | { did: "wait" | "pass" };

export const passed: EventOutcome = { did: "pass" };
export const waits: EventOutcome = { did: "wait" };

/** What a batch does with each of its events. */
export interface BatchStep {
  fold: (batch: Batch, event: RecordedEvent) => EventOutcome | Promise<EventOutcome>;
  /** The event is done with. Returns whether the batch has to be committed for it. */
  pass: (event: RecordedEvent, did: "fold" | "wait" | "pass") => boolean;
  /** Asked before each event but the first. */
  mustStop: () => boolean;
}

export interface BatchOutcome {
  /** The index of the first event that is not done with; what is before it is committed. */
  next: number;
  folded: number;
  isCommitted: boolean;
  /** Why that one is not. */
  failure: { event: RecordedEvent; error: unknown } | null;
}

/**
 * Folds events in one batch, at least one, until one fails or it has to end. A batch that changed nothing needs no commit.
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
      // Without a wait where there is nothing to wait for: it costs more than the fold itself.
      const outcome = folding instanceof Promise ? await folding : folding;
      if (folding === outcome && outcome !== passed) maxMs = maxBatchMs;
      if ("error" in outcome) {
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
