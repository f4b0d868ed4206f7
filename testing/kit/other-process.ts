import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import type { InProcess } from "./fixture.ts";

/** The work of another process. */
export type Job = "open log" | "append to log" | "open table" | "fold into table" | "copy table";

// The sources and the built package have different extensions.
const { href } = new URL(`../processes/port-process${extname(import.meta.url)}`, import.meta.url);

/** `import()` loads modules of both kinds. Without `--input-type`, which the threads of the process inherit and refuse. */
const programOf = (job: Job, { module, args }: InProcess) => `
  Promise.all([import(${JSON.stringify(module)}), import(${JSON.stringify(href)})]).then(
    async ([port, { work }]) => work(${JSON.stringify(job)}, await port.default(...${JSON.stringify(args)})));`;

/** Another process with a port, to be killed. */
export class OtherProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #last = "";

  constructor(job: Job, place: InProcess) {
    const options = process.execArgv.filter((option) => !/^--(test|inspect)/.test(option));
    this.#child = spawn(process.execPath, [...options, "--eval", programOf(job, place)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Its next message, split into words; null after its end. */
  async nextMessage(): Promise<string[] | null> {
    const { value, done } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    return done ? null : (this.#last = value).split(" ");
  }

  /** Kills it after `times` messages "done". Returns all such messages until its end. */
  async killedAfter(times: number, delayMs: number): Promise<string[][]> {
    const messages: string[][] = [];
    for (let words = await this.nextMessage(); words; words = await this.nextMessage()) {
      if (words[0] === "done") messages.push(words.slice(1));
      else if (words[0] !== "opened") throw new Error(`the other process sent: ${this.#last}`);
      if (messages.length === times) setTimeout(() => this.#child.kill("SIGKILL"), delayMs);
    }
    if (messages.length < times) throw new Error(`the other process ended by itself; its last message: ${this.#last}`);
    return messages;
  }

  /** Stops the process at any instruction, until `thaw`. */
  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** Kills the process and waits for its end. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

/** Runs `work` with another process, and kills it afterwards. */
export async function withOtherProcess<Answer>(
  job: Job,
  place: InProcess,
  work: (other: OtherProcess) => Promise<Answer>,
): Promise<Answer> {
  const other = new OtherProcess(job, place);
  try {
    return await work(other);
  } finally {
    await other.kill();
  }
}
