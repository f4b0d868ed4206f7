import { MongoClient, type Collection } from "mongodb";
import { newEventId } from "../../core/event-id.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";
import type { RawEngine, RawEvent } from "./raw-engine.ts";

interface Document {
  _id: string;
  type: string;
  stream: string;
  version: number;
  time: Date;
  payload: Payload;
  meta: object;
}

const perPage = 1000;
const durable = { writeConcern: { w: "majority", journal: true } } as const;

/** MongoDB by `mongodb`: a document for each event, whose unique index keeps the versions; the order is that of the ids. */
export class RawMongo implements RawEngine {
  readonly #client: MongoClient;
  readonly #events: Collection<Document>;

  private constructor(client: MongoClient) {
    this.#client = client;
    this.#events = client.db("raw").collection("events");
  }

  static async open(url: string): Promise<RawMongo> {
    const raw = new RawMongo(await MongoClient.connect(url));
    await raw.#events.createIndex({ stream: 1, version: 1 }, { unique: true });
    return raw;
  }

  async append(event: RawEvent): Promise<void> {
    await this.#events.insertOne(documentOf(event), durable);
  }

  async commit(events: readonly RawEvent[]): Promise<void> {
    await this.#events.insertMany(events.map(documentOf), durable);
  }

  async read(each: (payload: Payload) => void): Promise<void> {
    for await (const { payload } of this.#events.find().sort({ _id: 1 }).batchSize(perPage)) each(payload);
  }

  async stream(entity: string): Promise<Payload[]> {
    const events = await this.#events
      .find({ stream: streamOf(entity) })
      .sort({ version: 1 })
      .toArray();
    return events.map(({ payload }) => payload);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

const documentOf = ({ entity, version, payload }: RawEvent): Document => ({
  _id: newEventId(),
  type: eventType,
  stream: streamOf(entity),
  version: version + 1,
  time: new Date(),
  payload,
  meta,
});
