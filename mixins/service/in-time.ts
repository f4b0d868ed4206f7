import { times } from "../../core/concurrency/times.ts";
import { within } from "../../core/concurrency/within.ts";

/** Resolves to null if `answer` rejects or takes too long, so that `status` always responds. */
export async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  const settled = answer.catch(() => null);
  return (await within(times.call.statusMs, settled)) ? settled : null;
}
