import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Report } from "./campaign.ts";
import type { Places } from "./every-kind.ts";

interface Options {
  places: Places;
  seed: number;
  /** The share of attacks that are made, 0 to 1. */
  share: number;
  /** The folder for files that attacks write by mistake. */
  folder: string;
}

const program = fileURLToPath(new URL("process.ts", import.meta.url));

/** Runs the attacks in a process that any unhandled rejection ends. Fails if it ends before its report. */
export async function attacked({ folder, ...options }: Options): Promise<Report> {
  const child = spawn(
    process.execPath,
    ["--unhandled-rejections=strict", "--conditions=moleculer-event-sourcing:source", program, JSON.stringify(options)],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let last = "the start";
  let report: Report | undefined;
  let errors = "";
  createInterface(child.stdout).on("line", (line) => {
    const said = JSON.parse(line) as { attack?: string; report?: Report };
    last = said.attack ?? last;
    report = said.report ?? report;
  });
  child.stderr.on("data", (text: Buffer) => (errors = (errors + text.toString()).slice(-5000)));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (!report || code !== 0)
    throw new Error(`the process ended with ${String(code)} at or after "${last}" (seed ${options.seed}): ${errors}`);
  return report;
}
