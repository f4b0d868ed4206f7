import { connect, type JetStreamClient, type NatsConnection } from "nats";
import { newEventId } from "../../core/event/event-id.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";
import type { RawEngine, RawEvent } from "./raw-engine.ts";

const name = "raw";
const timeout = 30_000;

/**
 * NATS JetStream with the client `nats`: a message per event, on its stream's subject, published with the last sequence
 * expected there.
 */
export class RawNats implements RawEngine {
  readonly #connection: NatsConnection;
  readonly #jetStream: JetStreamClient;
  /** The sequence of each subject's last message, and of the stream's. */
  readonly #last = new Map<string, number>();

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#jetStream = connection.jetstream({ timeout });
  }

  static async open(url: string): Promise<RawNats> {
    const connection = await connect({ servers: url });
    const manager = await connection.jetstreamManager({ timeout });
    await manager.streams.add({ name, subjects: [`${name}.>`] });
    return new RawNats(connection);
  }

  async append(event: RawEvent): Promise<void> {
    const subject = subjectOf(event.entity);
    const { seq } = await this.#jetStream.publish(subject, JSON.stringify(messageOf(event)), {
      expect: { lastSubjectSequence: this.#last.get(subject) ?? 0 },
    });
    this.#last.set(subject, seq);
  }

  /** All events in one message, since the server accepts one message at a time. */
  async commit(events: readonly RawEvent[]): Promise<void> {
    const lastSequence = this.#last.get(name) ?? 0;
    const { seq } = await this.#jetStream.publish(`${name}.commits`, JSON.stringify(events.map(messageOf)), {
      expect: { lastSequence },
    });
    this.#last.set(name, seq);
  }

  read(each: (payload: Payload) => void): Promise<void> {
    return this.#consume(undefined, each);
  }

  async stream(entity: string): Promise<Payload[]> {
    const payloads: Payload[] = [];
    await this.#consume(subjectOf(entity), (payload) => payloads.push(payload));
    return payloads;
  }

  async #consume(subject: string | undefined, each: (payload: Payload) => void): Promise<void> {
    const consumer = await this.#jetStream.consumers.get(
      name,
      subject === undefined ? {} : { filterSubjects: subject },
    );
    for await (const message of await consumer.consume({ max_messages: 1000 })) {
      each(message.json<{ payload: Payload }>().payload);
      if (message.info.pending === 0) break;
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

const subjectOf = (entity: string) => `${name}.${streamOf(entity).replaceAll(".", "_")}`;

const messageOf = ({ entity, version, payload }: RawEvent) => ({
  id: newEventId(),
  type: eventType,
  stream: streamOf(entity),
  version: version + 1,
  time: new Date().toISOString(),
  payload,
  meta,
});
