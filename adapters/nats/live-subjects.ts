import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Connected } from "./connection.ts";
import { PassingConsumer } from "./passing-consumer.ts";

const perFetch = 5000;

/**
 * The subjects of a stream whose last message is not empty, as this host knows them: each look reads what came since the
 * one before, and of each message the size alone. The server's own list has removed keys, too, and they stay for ever.
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

  /** Those that there are now. */
  async look(connected: Connected): Promise<ReadonlySet<string>> {
    const { state } = await connected.ask(() => connected.manager.streams.info(this.#name));
    // A stream that was put back to an earlier state, or made again.
    if (state.last_seq < this.#seen) this.forget();
    if (state.messages > 0 && state.last_seq > this.#seen) await this.#readUpTo(connected, state.last_seq);
    return this.#live;
  }

  forget(): void {
    this.#live.clear();
    this.#seen = 0;
  }

  /** @throws StoreUnavailableError where not all of them came: a list without some would say that these are not there */
  async #readUpTo(connected: Connected, last: number): Promise<void> {
    const consumer = await PassingConsumer.on(connected, this.#name, this.#seen + 1, { headers_only: true });
    try {
      while (this.#seen < last) {
        const before = this.#seen;
        for await (const { subject, seq, headers } of consumer.fetch(perFetch)) {
          if (headers?.get("Nats-Msg-Size") === "0") this.#live.delete(subject);
          else this.#live.add(subject);
          this.#seen = seq;
          // A message that was replaced meanwhile is not delivered, but the one that replaced it is.
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
