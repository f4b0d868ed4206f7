/**
 * The time of an event that is stored now: the given time, if any, but never later than now and never earlier than the
 * event before it, even if the clock was set back. All as ISO 8601, UTC, milliseconds.
 */
export function eventTime(now: string, before: string, given?: string): string {
  const wanted = given !== undefined && given < now ? given : now;
  return wanted > before ? wanted : before;
}
