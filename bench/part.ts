import type { FixtureName } from "./fixtures.ts";

/** The implementations that a case compares. */
export type Contestant = "ours" | "raw" | "emmett" | "moleculer-db" | "one host";

export type Unit = "events/s" | "events" | "us" | "ms" | "MB" | "bytes" | "%";

/**
 * The goals of a case. For rates, `must` and `aim` are minima, for everything else maxima. With another contestant they
 * apply to the ratio to it, otherwise to the figure itself.
 */
export interface Goal {
  beside?: Contestant;
  must: number;
  aim?: number;
}

export interface Figure {
  unit: Unit;
  goals?: readonly Goal[];
}

/** The environment of a contestant in its process: a folder of its own, the fixtures, and a clock. */
export interface Stage {
  folder: string;
  /** The path of a fixture; only of fixtures that the part names. */
  fixture(name: FixtureName): string;
  quick: boolean;
  /** The full amount of work, or with `--quick` the small one. */
  size(full: number, quick: number): number;
  /** Runs the work and returns its milliseconds. Samples the host's share of a core before and after it. */
  timed(work: () => unknown): Promise<number>;
}

/** Does the work, checks its result, and returns a number per figure. Throws if the check fails. */
export type Work = (stage: Stage) => Promise<Record<string, number>>;

/** One workload and its contestants. */
export interface Case {
  name: string;
  /** A sentence that describes the work and the figure. */
  workload: string;
  figures: Readonly<Record<string, Figure>>;
  contestants: Readonly<Partial<Record<Contestant, Work>>>;
}

export interface Part {
  fixtures?: readonly FixtureName[];
  cases: readonly Case[];
}

/** A higher rate is better; for all other units lower is better. */
export const isRate = (unit: Unit) => unit.endsWith("/s");
