import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../cli/moleculer-event-sourcing.ts", import.meta.url));
const running = new Set<ChildProcess>();

export interface Ended {
  /** Null where it was killed. */
  code: number | null;
  output: string;
  errors: string;
}

/** The program in a process of its own; `onOutput` is told all that it has said so far. */
export function startCli(
  args: readonly string[],
  onOutput: (output: string, kill: (signal?: NodeJS.Signals) => void) => void = () => {},
) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const ended: Ended = { code: null, output: "", errors: "" };
  const tell = () => onOutput(ended.output + ended.errors, (signal = "SIGKILL") => child.kill(signal));
  child.stdout.on("data", (chunk: Buffer) => {
    ended.output += chunk.toString();
    tell();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    ended.errors += chunk.toString();
    tell();
  });
  return new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      resolve({ ...ended, code });
    });
  });
}

/** To be called in `afterEach`: what a test waits for in vain must not outlive it. */
export function killClis(): void {
  for (const child of running) child.kill("SIGKILL");
}
