import { setTimeout as delay } from "node:timers/promises";

/** How long the event loop was blocked. */
export interface Gaps {
  /** The longest time between two turns, in milliseconds, while the work ran. */
  longestMs: number;
  /** The same in an idle loop, measured right before and after: the machine's own delay. */
  idleMs: number;
  /** Whether the work blocked the loop for more than `boundMs` longer than the idle loop. */
  exceeds(boundMs: number): boolean;
}

/** Duration of the idle measurement. */
const idleForMs = 100;

const wallMs = () => performance.now();

/**
 * CPU time of the event loop's thread. It does not grow while other processes have the processor, or while the thread
 * waits. Node 22 does not report it; there, the wall clock.
 */
export function threadMs(): number {
  if (!("threadCpuUsage" in process)) return wallMs();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * The longest gap between two turns of the event loop while `work` runs, and that of an idle loop in the same run,
 * since both grow on a busy machine. `clock`: in milliseconds; default: the wall clock.
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
 * The run with the shortest such gap: delays of the work itself occur in each run, delays by other processes of a busy
 * machine do not. For work that can be repeated.
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
    // Includes a gap at the very end, after which the timer had no turn.
    look();
  }
  return longest;
}
