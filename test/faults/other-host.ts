import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that hosts a log and appends to it, 25 events at a time, until it is killed. */
export class OtherHost {
  readonly #child: ChildProcess;

  /** @param module the module from which the process gets its port */
  constructor(module: string, url: string, name: string) {
    const script = fileURLToPath(new URL("./host-process.ts", import.meta.url));
    this.#child = spawn(process.execPath, [...process.execArgv, script, module, url, name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
  }

  /** The number of its acknowledged events, at each report. */
  async *counts(): AsyncGenerator<number> {
    for await (const line of createInterface({ input: this.#child.stdout! })) yield Number(line);
    throw new Error("the other host ended by itself");
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
