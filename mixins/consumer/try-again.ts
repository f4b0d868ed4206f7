import type { Interruption, Tried } from "./error-policy.ts";
import type { Failed } from "./failure.ts";
import type { Failures } from "./failures.ts";

/**
 * Retries a failed event with growing delays, as the policy decides. Returns the last error if the event has to be
 * parked, and `interrupted` if it is left as it is: for a pause, the next start, or a consumer that stops before it.
 * @param probe whether a later event passes where this one seems to meet an outage
 * @throws the last error if every event has to wait
 */
export async function tryAgain(
  failures: Failures,
  failed: Failed,
  firstError: unknown,
  { sleep, isInterrupted }: Pick<Interruption, "sleep" | "isInterrupted">,
  again: () => Promise<Tried>,
  probe: () => Promise<boolean> = async () => false,
): Promise<"done" | "interrupted" | { error: unknown; attempts: number }> {
  const { event } = failed;
  for (let error = firstError; ;) {
    const { decision, attempts, delayMs } = failures.note(failed, error);
    if (decision === "wait" && !(await probe())) throw error;
    if (decision === "retry") {
      failures.delay(event, delayMs);
      await sleep(delayMs);
    }
    // The shutdown itself may have made the last attempt fail; the next start retries it.
    if (isInterrupted()) return "interrupted";
    if (decision === "park") {
      failures.park(event.id, error);
      return { error, attempts };
    }
    if (decision === "stop") {
      failures.stopAt(event);
      return "interrupted";
    }
    const tried = await again();
    if (!("error" in tried)) {
      failures.end(event.id);
      return "done";
    }
    error = tried.error;
  }
}
