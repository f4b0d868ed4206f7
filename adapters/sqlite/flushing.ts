import { open } from "node:fs/promises";

const flushEveryMs = 20;

/**
 * Syncs a growing file to disk at intervals. A single sync at the end would delay every commit of the host, since these
 * wait for the same disk.
 */
export class Flushing {
  readonly #file: string;
  readonly #running: Promise<void>;
  #hasEnded = false;

  constructor(file: string) {
    this.#file = file;
    this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#hasEnded) {
      await new Promise((turn) => setTimeout(turn, flushEveryMs));
      // The file does not exist yet, or no more. Its writer reports the error.
      await this.#flush().catch(() => {});
    }
  }

  async #flush(): Promise<void> {
    const handle = await open(this.#file, "r");
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }
}
