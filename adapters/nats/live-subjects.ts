import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Connected } from "./connection.ts";
import { EphemeralConsumer } from "./ephemeral-consumer.ts";

const perFetch = 5000;

/**
 * The subjects of a stream whose last message is not empty. Each call reads the sizes of the messages since the call
 * before. The server's own list of subjects would also contain all removed keys, for ever.
 */
export class LiveSubjects {
  readonly #location: string;
  readonly #name: string;
  readonly #live = new Set<string>();
  #seen = 0;

  constructor(location: string, name: string) {
    this.#location = location;
    this.#name = name;
  }

  /** The subjects as of this call. */
  async refresh(connected: Connected): Promise<ReadonlySet<string>> {
    const { state } = await connected.ask(() => connected.manager.streams.info(this.#name));
    // The stream was restored to an earlier state, or created again.
    if (state.last_seq < this.#seen) this.forget();
    if (state.messages > 0 && state.last_seq > this.#seen) await this.#readUpTo(connected, state.last_seq);
    return this.#live;
  }

  forget(): void {
    this.#live.clear();
    this.#seen = 0;
  }

  /** @throws StoreUnavailableError if messages are missing: an incomplete list would pass for removed keys */
  async #readUpTo(connected: Connected, last: number): Promise<void> {
    const consumer = await EphemeralConsumer.on(connected, this.#name, this.#seen + 1, { headers_only: true });
    try {
      while (this.#seen < last) {
        const before = this.#seen;
        for await (const { subject, seq, headers } of consumer.fetch(perFetch)) {
          if (headers?.get("Nats-Msg-Size") === "0") this.#live.delete(subject);
          else this.#live.add(subject);
          this.#seen = seq;
          // A message that was replaced meanwhile is not delivered, but its replacement is, with a higher sequence.
          if (seq >= last) break;
        }
        if (this.#seen === before)
          throw new StoreUnavailableError(
            this.#location,
            `stream ${this.#name} delivers nothing after message ${before}, expected all up to ${last}`,
          );
      }
    } finally {
      await consumer.end();
    }
  }
}
