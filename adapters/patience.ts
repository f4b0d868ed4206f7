import { StoreUnavailableError } from "../core/errors.ts";
import { isRetryable } from "../core/outage.ts";

/** How long an engine that does not answer is asked again before the caller is told. */
const outageMs = 5_000;
/** How long others may be first: an engine that stores what they send is worth more waiting. */
const rivalsMs = 20_000;
const longestPauseMs = 250;

/**
 * Attempts it until it has an answer. It answers null where somebody else was first, and is attempted again at once;
 * after an outage, a little later.
 * @throws the last outage, or that others were always first, when the patience is over; any other error at once
 */
export async function withPatience<Answer>(
  where: string,
  attempt: () => Promise<{ answer: Answer } | null>,
): Promise<Answer> {
  const began = performance.now();
  let heardAt = began;
  for (let pauseMs = 5; ;) {
    try {
      const done = await attempt();
      if (done) return done.answer;
    } catch (error) {
      if (!isRetryable(error) || performance.now() - heardAt > outageMs) throw error;
      await new Promise((turn) => setTimeout(turn, pauseMs));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      continue;
    }
    heardAt = performance.now();
    if (heardAt - began > rivalsMs)
      throw new StoreUnavailableError(where, `others were always first for ${rivalsMs} ms; nothing was stored`);
  }
}

/** What ends the question what became of something whose answer was lost: no refusal, by which nothing were stored. */
export const unsettled = (where: string, error: unknown): unknown =>
  isRetryable(error)
    ? error
    : new StoreUnavailableError(where, `it may be stored or not: ${(error as Error).message}`, error);

/** Repeats what may happen twice until it has an answer. @throws the last outage when the patience is over */
export const insist = <Answer>(where: string, ask: () => Promise<Answer>): Promise<Answer> =>
  withPatience(where, async () => ({ answer: await ask() }));
