import { setTimeout as wait } from "node:timers/promises";
import { times } from "../../../core/concurrency/times.ts";

/**
 * Reads acknowledged state from a server, and repeats the read until the result is right, because a new leader may have
 * to catch up first. Returns the wrong result after `times.control.lateMs`.
 */
export async function settled<Answer>(
  ask: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<Answer> {
  const until = performance.now() + times.control.lateMs;
  for (;;) {
    const answer = await ask();
    if (isRight(answer) || performance.now() > until) return answer;
    await wait(times.control.retryMs);
  }
}
