import { setTimeout as delay } from "node:timers/promises";

/** How long the event loop was held. */
export interface Gaps {
  /** The longest time between two turns, in milliseconds, while the work ran. */
  longestMs: number;
  /** The same while nothing ran, measured right before: what this machine takes by itself. */
  idleMs: number;
  /** Whether the work held the loop for longer than `boundMs` beyond what the idle loop showed. */
  exceeds(boundMs: number): boolean;
}

/** Turns are looked at this long while nothing runs. */
const idleForMs = 100;

/**
 * The longest gap between two turns of the event loop while `work` runs, beside that of an idle loop of the same run: on
 * a busy machine both grow.
 *
 * @example
 * const gaps = await longestGap(() => table.find(query));
 * expect(gaps.exceeds(100)).toBe(false);
 */
export async function longestGap(work: () => unknown): Promise<Gaps> {
  const idleMs = await longestWhile(() => delay(idleForMs));
  const longestMs = await longestWhile(work);
  return { longestMs, idleMs, exceeds: (boundMs) => longestMs > boundMs + 3 * idleMs };
}

async function longestWhile(work: () => unknown): Promise<number> {
  let longest = 0;
  let before = performance.now();
  let isRunning = true;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const turns = (async () => {
    while (isRunning) {
      await delay(1);
      look();
    }
  })();
  try {
    await work();
  } finally {
    // A stretch at the very end counts as well: the timer had no turn since.
    look();
    isRunning = false;
    await turns;
  }
  return longest;
}
