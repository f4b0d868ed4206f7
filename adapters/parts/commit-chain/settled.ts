import { setTimeout as wait } from "node:timers/promises";
import { times } from "../../../core/concurrency/times.ts";

/**
 * The answer of a server about what it has acknowledged, as soon as it is right: a new leader may have to catch up first.
 * One that is still wrong after that time is the last word.
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
