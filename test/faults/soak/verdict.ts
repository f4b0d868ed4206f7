import { median } from "../../../bench/statistics.ts";
import type { Sample } from "./samples.ts";

const kib = 1024;
const mib = 1024 * kib;

/**
 * The allowed growth of the median from the second to the last quarter: as a share of it, and as an amount for
 * fluctuations. `ended` is omitted: it has to grow.
 */
const tolerances: Partial<Record<keyof Sample, { share?: number; amount: number }>> = {
  // V8 drops code that ran at the start, and optimises code that runs often: some 3 MB down and up again.
  heap: { amount: 3 * mib },
  external: { share: 0.05, amount: 1 * mib },
  // The allocator returns freed memory at its own discretion.
  resident: { share: 0.1, amount: 8 * mib },
  // A table has two more while a past moment of it is kept.
  descriptors: { amount: 3 },
  threads: { amount: 1 },
  handles: { amount: 2 },
  // Includes the last 50 retries of each consumer.
  control: { share: 0.02, amount: 16 * kib },
  // SQLite cuts a -wal to 16 MiB.
  logWal: { amount: 16 * mib },
  tableWal: { amount: 16 * mib },
  files: { amount: 1 },
  temporary: { amount: 64 * kib },
};

export interface Verdict {
  name: keyof Sample;
  before: number;
  after: number;
  /** Infinity if growth is expected. */
  allowed: number;
  hasGrown: boolean;
}

/** Compares the second quarter with the last one. Caches fill during the first. */
export function verdictsOf(samples: readonly Sample[]): Verdict[] {
  const quarter = Math.floor(samples.length / 4);
  const [second, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const names = Object.keys(samples[0]!) as (keyof Sample)[];
  return names.map((name) => {
    const medianOf = (some: readonly Sample[]) => median(some.map((sample) => sample[name]));
    const [before, after] = [medianOf(second), medianOf(last)];
    const tolerance = tolerances[name];
    const allowed = tolerance ? Math.max(tolerance.amount, (tolerance.share ?? 0) * before) : Infinity;
    return { name, before, after, allowed, hasGrown: after - before > allowed };
  });
}

const inUnits = (value: number) =>
  value === Infinity ? "any" : Math.abs(value) < 10 * kib ? String(Math.round(value)) : `${(value / mib).toFixed(2)}M`;

export const lineOf = (cells: readonly (string | number)[]): string =>
  cells.map((cell) => (typeof cell === "number" ? inUnits(cell) : cell).padStart(12)).join("");

export function tableOf(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, before, after, allowed, hasGrown }) =>
    lineOf([name, before, after, before + allowed, hasGrown ? "HAS GROWN" : ""]),
  );
  return [lineOf(["", "2nd quarter", "4th quarter", "at most", ""]), ...rows].join("\n");
}
