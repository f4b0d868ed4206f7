import type { ProcessInstance } from "./instance.ts";

/** Adds waiting events at these positions, which are in log order and later than all before them. */
export function withWaiting(instance: ProcessInstance, positions: readonly number[]): ProcessInstance {
  const unseen = positions.filter((position) => position > instance.position);
  if (unseen.length === 0) return instance;
  const { from = unseen[0]!, count = 0 } = instance.waiting ?? {};
  return { ...instance, position: unseen.at(-1)!, waiting: { from, count: count + unseen.length } };
}

/** Removes the waiting events up to this position; `taken` is their number. */
export function withoutWaiting(instance: ProcessInstance, upTo: number, taken: number): ProcessInstance {
  const { waiting, ...rest } = instance;
  if (!waiting || upTo >= instance.position) return rest;
  // Another definition may correlate another number of them.
  return { ...rest, waiting: { from: upTo + 1, count: Math.max(waiting.count - taken, 0) } };
}
