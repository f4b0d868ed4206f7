import { manyEvents } from "../../../core/log/event-log.ts";

/** The progress of a new table, in positions of the log. */
export interface RebuildProgress {
  done: number;
  total: number;
  /** Positions per second. */
  rate: number;
  /** Null while the rate is unknown. */
  secondsLeft: number | null;
}

/** @param since start time at position `from`, in milliseconds since 1970 */
export function progressOf(done: number, from: number, total: number, since: number): RebuildProgress {
  const rate = Math.round(((done - from) * 1000) / Math.max(Date.now() - since, 1));
  return { done, total, rate, secondsLeft: rate > 0 ? Math.max(Math.ceil((total - done) / rate), 0) : null };
}

/** Why a caller should not wait for a new table, while the rows of an earlier definition answer; null if it may be done in time. */
export function tooLong(progress: RebuildProgress | null, timeoutMs: number): string | null {
  if (!progress) return null;
  const { done, total, secondsLeft } = progress;
  if (total - done <= manyEvents && (secondsLeft ?? 0) * 1000 <= timeoutMs) return null;
  const left = secondsLeft === null ? "" : `, about ${secondsLeft} s left`;
  return `answers with the rows of an earlier definition; those of the current one are folded up to ${done} of ${total}${left}`;
}
