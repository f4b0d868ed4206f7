import { fork } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Measured, Task } from "./measurement.ts";
import type { Case, Contestant } from "./part.ts";
import { parts } from "./parts.ts";

export interface Options {
  /** The folder for the files of the run; emptied during the run. */
  folder: string;
  parts: readonly string[];
  /** Measures only cases whose names contain this text. */
  cases: string;
  quick: boolean;
  repeats: number;
  /** The folder for a CPU profile of each measurement. */
  profiles: string | null;
  say: (progress: string) => void;
}

/** The results of one case. A contestant's first error replaces its numbers. */
export interface CaseResult {
  part: string;
  case: Case;
  measured: Partial<Record<Contestant, Measured[] | { error: string }>>;
}

const measurement = fileURLToPath(new URL("measurement.ts", import.meta.url));

/** Measures each part: its contestants take turns, each time in a new process and folder. */
export async function measureAll(options: Options): Promise<CaseResult[]> {
  const fixtures = join(options.folder, "fixtures");
  const wanted = new Set(options.parts.flatMap((name) => parts[name]!.fixtures ?? []));
  for (const fixture of wanted) {
    options.say(`building ${fixture}`);
    const built = await inProcess({ fixture, folder: join(fixtures, fixture), fixtures, quick: options.quick }, null);
    // Cases that need the fixture fail in turn, and the table reports it.
    if ("error" in built) options.say(`${fixture} was not built: ${built.error}`);
  }
  const results: CaseResult[] = [];
  for (const part of options.parts)
    for (const one of parts[part]!.cases.filter(({ name }) => name.includes(options.cases)))
      results.push(await measureCase(part, one, fixtures, options));
  return results;
}

async function measureCase(part: string, one: Case, fixtures: string, options: Options): Promise<CaseResult> {
  const { folder, quick, repeats, profiles, say } = options;
  const measured: CaseResult["measured"] = {};
  const contestants = Object.keys(one.contestants) as Contestant[];
  for (let repeat = 0; repeat < repeats; repeat++) {
    say(`${one.name} ${repeat + 1}/${repeats}`);
    // The order changes, so that no contestant is always first or always follows the same other.
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(repeat + turn) % contestants.length]!;
      const before = measured[contestant] ?? [];
      if ("error" in before) continue;
      const own = join(folder, "measurement");
      const task: Task = { part, case: one.name, contestant, folder: own, fixtures, quick };
      const answer = await inProcess(task, profiles);
      rmSync(own, { recursive: true, force: true });
      measured[contestant] = "error" in answer ? answer : [...before, answer];
    }
  }
  return { part, case: one, measured };
}

/** Only the last repeat's profile is kept. */
function profiling(task: Task, folder: string): string[] {
  const name = "fixture" in task ? task.fixture : `${task.case}, ${task.contestant}`;
  return ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** The process's result, or the end of its standard error. */
function inProcess(task: Task, profiles: string | null): Promise<Measured | { error: string }> {
  const child = fork(measurement, [JSON.stringify(task)], {
    execArgv: profiles === null ? [] : profiling(task, profiles),
    // The peers' output is ignored; only the message counts.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let answer: Measured | null = null;
  let errors = "";
  child.stderr!.on("data", (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)));
  child.on("message", (message) => (answer = message as Measured));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve(answer ?? { error: errors.trim() || `it ended with code ${code}` }));
  });
}
