import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { hostShare } from "./host-share.ts";
import type { Stage } from "./part.ts";

interface Options {
  folder: string;
  fixtures: string;
  quick: boolean;
}

/** The stage of one measurement, and the host's shares sampled by its clock. */
export function newStage({ folder, fixtures, quick }: Options): { stage: Stage; shares: number[] } {
  mkdirSync(folder, { recursive: true });
  const shares: number[] = [];
  const stage: Stage = {
    folder,
    quick,
    fixture: (name) => join(fixtures, name),
    size: (full, small) => (quick ? small : full),
    async timed(work) {
      shares.push(hostShare());
      const start = performance.now();
      await work();
      const elapsed = performance.now() - start;
      shares.push(hostShare());
      return elapsed;
    },
  };
  return { stage, shares };
}
