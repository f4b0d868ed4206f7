import type { Batch } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { FoldedState } from "./folded-state.ts";
import type { Folded } from "./mapped-transforms.ts";

/** A batch's transaction ends after so many events or so much time, whichever comes first. */
const maxEventsPerBatch = 500;
const maxBatchMs = 20;
/** On an engine that answers later others get their turn at each step: no reason for so many commits. */
const maxBatchMsAway = 200;

/** What happened to one event: folded, set aside behind a parked one, of a type that is not mapped, or failed. */
export type Outcome = Folded | { did: "wait" | "pass" };

export const passed: Outcome = { did: "pass" };
export const waits: Outcome = { did: "wait" };

interface Step {
  fold: (batch: Batch, event: RecordedEvent) => Outcome | Promise<Outcome>;
  /** The event is done with. Answers whether the batch has to be committed for it. */
  pass: (event: RecordedEvent, did: "fold" | "wait" | "pass") => boolean;
  mustStop: () => boolean;
}

export interface FoldedBatch {
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
  state: FoldedState,
  events: readonly RecordedEvent[],
  from: number,
  { fold, pass, mustStop }: Step,
): Promise<FoldedBatch> {
  const batch: FoldedBatch = { next: from, folded: 0, isCommitted: false, failure: null };
  const end = Math.min(events.length, from + maxEventsPerBatch);
  await state.inBatch(async (changes, isAway) => {
    const began = performance.now();
    let maxMs = isAway ? maxBatchMsAway : maxBatchMs;
    const isTimeLeft = () => performance.now() < began + maxMs;
    for (; batch.next < end && (batch.next === from || (!mustStop() && isTimeLeft())); batch.next++) {
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
