import type { StoredProcess } from "./stored-process.ts";

/** Adds waiting events at these positions, which are in log order and later than all before them. */
export function withWaiting(process: StoredProcess, positions: readonly number[]): StoredProcess {
  const unseen = positions.filter((position) => position > process.position);
  if (unseen.length === 0) return process;
  const { from = unseen[0]!, count = 0 } = process.waiting ?? {};
  return { ...process, position: unseen.at(-1)!, waiting: { from, count: count + unseen.length } };
}

/** Removes the waiting events up to this position; `taken` is their number. */
export function withoutWaiting(process: StoredProcess, upTo: number, taken: number): StoredProcess {
  const { waiting, ...rest } = process;
  if (!waiting || upTo >= process.position) return rest;
  // Another definition may correlate another number of them.
  return { ...rest, waiting: { from: upTo + 1, count: Math.max(waiting.count - taken, 0) } };
}
