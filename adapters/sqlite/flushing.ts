import { open } from "node:fs/promises";

const flushEveryMs = 20;

/**
 * Sends a file that grows to the disk bit by bit. All of it at once, at its end, would hold up every commit of the host
 * that waits for the same disk.
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
      // Not there yet, or gone: whoever writes it says what is wrong.
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
