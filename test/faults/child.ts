import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const running = new Set<ChildProcess>();

/** Starts a script of this folder in another process. Returns its output, line by line, and how it ended. */
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
    /** Requests an orderly end. */
    end: () => void child.kill("SIGTERM"),
    /** Stops the process at any instruction, until `thaw`. */
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
  };
}

/** Call it in `afterEach`: children must not outlive a failed test. */
export function killChildren(): void {
  for (const child of running) child.kill("SIGKILL");
}
