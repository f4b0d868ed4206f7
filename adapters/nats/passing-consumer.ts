import type { Consumer, ConsumerConfig, JsMsg } from "nats";
import { times } from "../../core/concurrency/times.ts";
import type { Connected } from "./connection.ts";

/**
 * Reads many messages of a stream. The server keeps such a consumer on one of the replicas, and for a while also on one
 * that has died: that one never answers, and the next request for a consumer most likely goes to another.
 */
export class PassingConsumer {
  readonly #consumer: Consumer;
  #delivered = 0;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  static async on(
    { manager, stream, ask }: Connected,
    name: string,
    from: number,
    options: Partial<ConsumerConfig> = {},
  ): Promise<PassingConsumer> {
    // The words are the protocol's, so that the driver need not be there to load this.
    const config = {
      deliver_policy: "by_start_sequence",
      opt_start_seq: from,
      ack_policy: "none",
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: times.nats.idleConsumerMs * 1e6,
      ...options,
    } as Partial<ConsumerConfig>;
    const info = await ask(() => manager.consumers.add(name, config));
    return new PassingConsumer(stream.consumers.getPullConsumerFor(info));
  }

  /** As many as there are, without a gap; fewer where a connection was lost, or the replica. */
  async *fetch(count: number): AsyncGenerator<JsMsg> {
    const options = { max_messages: count, expires: times.nats.answerMs };
    for await (const message of await this.#consumer.fetch(options)) {
      if (message.info.deliverySequence !== this.#delivered + 1) return;
      this.#delivered++;
      yield message;
    }
  }

  async end(): Promise<void> {
    await this.#consumer.delete().catch(() => {
      // The server forgets it by itself.
    });
  }
}
