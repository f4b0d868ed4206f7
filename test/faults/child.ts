import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const running = new Set<ChildProcess>();

/** A script of this folder in a process of its own: what it says, line by line, and how it ended. */
export function startChild(script: string, ...args: string[]) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=moleculer-event-sourcing:source", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const exited = new Promise<string | null>((resolve) => {
    child.once("exit", (_code, signal) => {
      running.delete(child);
      resolve(signal);
    });
  });
  return {
    lines: createInterface(child.stdout),
    exited,
    kill: () => void child.kill("SIGKILL"),
    /** Asks it to end in order. */
    end: () => void child.kill("SIGTERM"),
    /** Stops it between two instructions, until it is thawed. */
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
  };
}

/** To be called in `afterEach`: what a test waits for in vain must not outlive it. */
export function killChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}
