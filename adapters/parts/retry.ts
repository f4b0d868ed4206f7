import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { isRetryable } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";

/**
 * Attempts it until it has an answer. It answers null where somebody else was first, and is attempted again at once;
 * after an outage, a little later.
 * @throws the last outage, or that others were always first, when the patience is over; any other error at once
 */
export async function retry<Answer>(
  location: string,
  attempt: () => Promise<{ answer: Answer } | null>,
): Promise<Answer> {
  const began = performance.now();
  let heardAt = began;
  for (let pauseMs = times.append.firstMs; ;) {
    try {
      const done = await attempt();
      if (done) return done.answer;
    } catch (error) {
      if (!isRetryable(error) || performance.now() - heardAt > times.append.outageMs) throw error;
      await new Promise((turn) => setTimeout(turn, pauseMs));
      pauseMs = Math.min(pauseMs * 2, times.append.longestMs);
      continue;
    }
    heardAt = performance.now();
    if (heardAt - began > times.append.overtakenMs)
      throw new StoreUnavailableError(
        location,
        `others were always first for ${times.append.overtakenMs} ms; nothing was stored`,
      );
  }
}

/** What ends the question what became of something whose answer was lost: no refusal, by which nothing were stored. */
export const outcomeUnknown = (location: string, error: unknown): unknown =>
  isRetryable(error)
    ? error
    : new StoreUnavailableError(location, `it may be stored or not: ${(error as Error).message}`, error);

/** Repeats what may happen twice until it has an answer. @throws the last outage when the patience is over */
export const retryUntilAnswered = <Answer>(location: string, ask: () => Promise<Answer>): Promise<Answer> =>
  retry(location, async () => ({ answer: await ask() }));
