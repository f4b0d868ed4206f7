import type { Consumer, ConsumerConfig, JsMsg } from "nats";
import { times } from "../../core/concurrency/times.ts";
import type { Connected } from "./connection.ts";

/**
 * An ephemeral consumer, which reads many messages of a stream. The server places it on one replica, for a while
 * possibly on a dead one, which never responds; a new consumer is then most likely placed on another.
 */
export class EphemeralConsumer {
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
  ): Promise<EphemeralConsumer> {
    // The protocol's words instead of the driver's enums: this file must load without the driver.
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
    return new EphemeralConsumer(stream.consumers.getPullConsumerFor(info));
  }

  /** Up to `count` messages without a gap; fewer if the connection or the replica was lost. */
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
      // The server removes an idle consumer by itself.
    });
  }
}
