import { setTimeout as delay } from "node:timers/promises";

/** How long the event loop was held. */
export interface Gaps {
  /** The longest time between two turns, in milliseconds, while the work ran. */
  longestMs: number;
  /** The same while nothing ran, measured right before and after: what this machine takes by itself. */
  idleMs: number;
  /** Whether the work held the loop for longer than `boundMs` beyond what the idle loop showed. */
  exceeds(boundMs: number): boolean;
}

/** Turns are looked at this long while nothing runs. */
const idleForMs = 100;

const wallMs = () => performance.now();

/**
 * What the event loop's thread has computed. It does not grow while other processes have the processor, and not while
 * the thread waits. On Node 22, which does not tell it, the clock on the wall.
 */
export function threadMs(): number {
  if (!("threadCpuUsage" in process)) return wallMs();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * The longest gap between two turns of the event loop while `work` runs, beside that of an idle loop of the same run: on
 * a busy machine both grow. `clock`: in milliseconds; by default that on the wall.
 *
 * @example
 * const gaps = await longestGap(() => table.find(query));
 * expect(gaps.exceeds(100)).toBe(false);
 */
export async function longestGap(work: () => unknown, clock = wallMs): Promise<Gaps> {
  const before = await longestWhile(() => delay(idleForMs), clock);
  const longestMs = await longestWhile(work, clock);
  const idleMs = Math.max(before, await longestWhile(() => delay(idleForMs), clock));
  return { longestMs, idleMs, exceeds: (boundMs) => longestMs > boundMs + 3 * idleMs };
}

/**
 * The run of several with the shortest of such gaps: what the work itself does to the loop it does in each run, what
 * other processes do on a busy machine it does not. For work that can be repeated.
 */
export async function leastGap(work: () => unknown, clock = wallMs, runs = 3): Promise<Gaps> {
  const all: Gaps[] = [];
  for (let run = 0; run < runs; run++) all.push(await longestGap(work, clock));
  return all.reduce((least, gaps) => (gaps.longestMs < least.longestMs ? gaps : least));
}

async function longestWhile(work: () => unknown, clock: () => number): Promise<number> {
  let longest = 0;
  let before = clock();
  const look = () => {
    const now = clock();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const timer = setInterval(look, 1);
  try {
    await work();
  } finally {
    clearInterval(timer);
    // A stretch at the very end counts as well: the timer had no turn since.
    look();
  }
  return longest;
}
