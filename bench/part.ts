import type { FixtureName } from "./fixtures.ts";

/** Who does the work of a case. */
export type Contestant = "ours" | "raw" | "emmett" | "moleculer-db" | "one host";

export type Unit = "events/s" | "events" | "us" | "ms" | "MB" | "bytes" | "%";

/**
 * What is to be reached. Of rates `must` and `aim` are the least, of everything else the most: beside another
 * contestant the ratio to it, without one the figure itself.
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

/** What a contestant finds in its process: a folder of its own, the fixtures, and a clock. */
export interface Stage {
  folder: string;
  /** Where a fixture stands; only those that the part names. */
  fixture(name: FixtureName): string;
  quick: boolean;
  /** The full amount of work, or with `--quick` the small one. */
  size(full: number, quick: number): number;
  /** Runs the work and answers its milliseconds; the host's share of a core is sampled before and after it. */
  timed(work: () => unknown): Promise<number>;
}

/** Does the work, checks what came of it, and answers a number for each figure; throws where the work was not done. */
export type Work = (stage: Stage) => Promise<Record<string, number>>;

/** One workload, and all who do it. */
export interface Case {
  name: string;
  /** What is done and what the number is, in a sentence. */
  workload: string;
  figures: Readonly<Record<string, Figure>>;
  contestants: Readonly<Partial<Record<Contestant, Work>>>;
}

export interface Part {
  fixtures?: readonly FixtureName[];
  cases: readonly Case[];
}

/** Of rates more is better, of everything else less. */
export const isRate = (unit: Unit) => unit.endsWith("/s");
