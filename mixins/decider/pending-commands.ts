import { StoreUnavailableError } from "../../core/errors/errors.ts";
import { roughBytes } from "../../core/json/json-size.ts";

/** The defaults of a store's `maxPending`, for commands and their params. */
const maxPending = { commands: 10_000, bytes: 64 * 1024 * 1024 };

/** Limits the pending commands of a decider on one node, by number and by the bytes of their params. */
export class PendingCommands {
  readonly #decider: string;
  #commands = 0;
  #bytes = 0;

  constructor(decider: string) {
    this.#decider = decider;
  }

  /** @throws StoreUnavailableError if the limit is reached */
  async run<Answer>(params: unknown, work: () => Promise<Answer>): Promise<Answer> {
    const bytes = roughBytes(params);
    this.#assertRoom(bytes);
    this.#commands++;
    this.#bytes += bytes;
    try {
      return await work();
    } finally {
      this.#commands--;
      this.#bytes -= bytes;
    }
  }

  /** A command whose params alone exceed the limit is accepted if no other is pending. */
  #assertRoom(bytes: number): void {
    const refuse = (found: number, what: string, expected: number): never => {
      const why = `it is overloaded: found ${found} ${what}, expected at most ${expected}; nothing was stored`;
      throw new StoreUnavailableError(this.#decider, why);
    };
    if (this.#commands >= maxPending.commands) refuse(this.#commands, "commands waiting", maxPending.commands);
    if (this.#commands > 0 && this.#bytes + bytes > maxPending.bytes)
      refuse(this.#bytes + bytes, "bytes of params waiting with these", maxPending.bytes);
  }
}
