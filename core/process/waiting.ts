import type { ProcessInstance } from "./instance.ts";

/** With the events at these positions waiting, in the order of the log and later than all before them. */
export function withWaiting(instance: ProcessInstance, positions: readonly number[]): ProcessInstance {
  const unseen = positions.filter((position) => position > instance.position);
  if (unseen.length === 0) return instance;
  const { from = unseen[0]!, count = 0 } = instance.waiting ?? {};
  return { ...instance, position: unseen.at(-1)!, waiting: { from, count: count + unseen.length } };
}

/** No event up to this position waits any more; `taken`: how many of them did. */
export function withoutWaiting(instance: ProcessInstance, upTo: number, taken: number): ProcessInstance {
  const { waiting, ...rest } = instance;
  if (!waiting || upTo >= instance.position) return rest;
  // Under another definition another number of them may correlate.
  return { ...rest, waiting: { from: upTo + 1, count: Math.max(waiting.count - taken, 0) } };
}
