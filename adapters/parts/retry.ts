import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { isRetryable } from "../../core/errors/outage.ts";
import { times } from "../../core/concurrency/times.ts";

/**
 * Repeats `attempt` until it resolves to a result. Null means that another host was first: the next attempt follows at
 * once. After an outage the next attempt follows a pause that doubles.
 * @throws the last outage after `times.append.outageMs`; StoreUnavailableError if other hosts were first for
 * `times.append.overtakenMs`; any other error at once
 */
export async function retry<Answer>(
  location: string,
  attempt: () => Promise<{ answer: Answer } | null>,
): Promise<Answer> {
  const began = performance.now();
  let respondedAt = began;
  for (let pauseMs = times.append.firstMs; ;) {
    try {
      const done = await attempt();
      if (done) return done.answer;
    } catch (error) {
      if (!isRetryable(error) || performance.now() - respondedAt > times.append.outageMs) throw error;
      await new Promise((turn) => setTimeout(turn, pauseMs));
      pauseMs = Math.min(pauseMs * 2, times.append.longestMs);
      continue;
    }
    respondedAt = performance.now();
    if (respondedAt - began > times.append.overtakenMs)
      throw new StoreUnavailableError(
        location,
        `other hosts were first for ${times.append.overtakenMs} ms; nothing was stored`,
      );
  }
}

/**
 * The error for a write whose response was lost. An outage stays as it is; any other error becomes
 * StoreUnavailableError, because a refusal would claim that nothing was stored.
 */
export const outcomeUnknown = (location: string, error: unknown): unknown =>
  isRetryable(error)
    ? error
    : new StoreUnavailableError(location, `it may or may not be stored: ${(error as Error).message}`, error);

/** Retries an idempotent call after outages. @throws the last outage after `times.append.outageMs` */
export const retryUntilAnswered = <Answer>(location: string, ask: () => Promise<Answer>): Promise<Answer> =>
  retry(location, async () => ({ answer: await ask() }));
