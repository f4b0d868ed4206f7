import { times } from "../core/times.ts";

/** What somebody else knows, for a status, which has to answer while others do not; null where it fails or takes too long. */
export async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, times.call.statusMs, null);
  try {
    return await Promise.race([answer.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
