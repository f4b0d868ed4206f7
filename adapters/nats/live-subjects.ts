import type { JetStreamClient, JetStreamManager } from "nats";
import { times } from "../../core/times.ts";

interface Connected {
  manager: JetStreamManager;
  stream: JetStreamClient;
}

const perFetch = 5000;

/**
 * The subjects of a stream whose last message is not empty, as this host knows them: each look reads what came since the
 * one before, and of each message the size alone. The server's own list has removed keys, too, and they stay for ever.
 */
export class LiveSubjects {
  readonly #name: string;
  readonly #live = new Set<string>();
  #seen = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Those that there are now. */
  async look({ manager, stream }: Connected): Promise<ReadonlySet<string>> {
    const { state } = await manager.streams.info(this.#name);
    // A stream that was put back to an earlier state, or made again.
    if (state.last_seq < this.#seen) this.forget();
    if (state.messages > 0 && state.last_seq > this.#seen) await this.#readUpTo(stream, state.last_seq);
    return this.#live;
  }

  forget(): void {
    this.#live.clear();
    this.#seen = 0;
  }

  async #readUpTo(stream: JetStreamClient, last: number): Promise<void> {
    const consumer = await stream.consumers.get(this.#name, { opt_start_seq: this.#seen + 1, headers_only: true });
    try {
      while (this.#seen < last) {
        const before = this.#seen;
        for await (const { subject, seq, headers } of await consumer.fetch({
          max_messages: perFetch,
          expires: times.nats.answerMs,
        })) {
          if (headers?.get("Nats-Msg-Size") === "0") this.#live.delete(subject);
          else this.#live.add(subject);
          this.#seen = seq;
          // A message that was replaced meanwhile is not delivered, but the one that replaced it is.
          if (seq >= last) break;
        }
        // Nothing more is there, although the stream says so.
        if (this.#seen === before) return;
      }
    } finally {
      await consumer.delete().catch(() => {
        // The server forgets it by itself.
      });
    }
  }
}
