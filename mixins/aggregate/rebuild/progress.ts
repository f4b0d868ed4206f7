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
