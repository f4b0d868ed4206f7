import { buildFixture, type FixtureName } from "./fixtures.ts";
import type { Contestant } from "./part.ts";
import { parts } from "./parts.ts";
import { newStage } from "./stage.ts";
import { median } from "./statistics.ts";

/** The task of a measuring process: to build a fixture, or to measure one contestant once. */
export type Task = { folder: string; fixtures: string; quick: boolean } & (
  { fixture: FixtureName } | { part: string; case: string; contestant: Contestant }
);

/** The result of a measuring process: a number per figure, and the share of a core that the host gave. */
export interface Measured {
  figures: Record<string, number>;
  share: number;
}

async function carryOut(task: Task): Promise<Measured> {
  if ("fixture" in task) {
    await buildFixture(task.fixture, task.folder, task.quick);
    return { figures: {}, share: 1 };
  }
  const { stage, shares } = newStage(task);
  const work = parts[task.part]!.cases.find(({ name }) => name === task.case)!.contestants[task.contestant]!;
  return { figures: await work(stage), share: median(shares) };
}

const answer = await carryOut(JSON.parse(process.argv[2]!) as Task);
// A peer may keep a handle open.
process.send!(answer, () => process.exit());
