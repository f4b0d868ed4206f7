import { setTimeout as wait } from "node:timers/promises";

/** How long an engine that does not answer is asked again before the caller is told. */
const patienceMs = 5_000;
const longestPauseMs = 250;

export const isOutage = (error: unknown): boolean => (error as { type?: unknown } | null)?.type === "STORE_UNAVAILABLE";

/** Repeats what may happen twice until it has an answer. @throws the last outage when the patience is over */
export async function insist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + patienceMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs))
    try {
      return await ask();
    } catch (error) {
      if (!isOutage(error) || performance.now() > end) throw error;
      await wait(pauseMs);
    }
}
