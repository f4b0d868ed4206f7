import { MongoClient, type Collection } from "mongodb";
import { newEventId } from "../../core/event/event-id.ts";
import { eventType, meta, streamOf, type Payload } from "../events.ts";
import type { RawEvent, RawTables } from "./raw-engine.ts";

interface Document {
  _id: string;
  type: string;
  stream: string;
  version: number;
  time: Date;
  payload: Payload;
  meta: object;
}

interface Row {
  _id: string;
  name: string;
  city: string;
  amount: number;
  total: number;
  events: number;
}

const perPage = 1000;
const durable = { writeConcern: { w: "majority", journal: true } } as const;

/** MongoDB with the client `mongodb`: a document per event, with a unique index on versions; sorted by id. */
export class RawMongo implements RawTables {
  readonly #client: MongoClient;
  readonly #events: Collection<Document>;
  readonly #rows: Collection<Row>;
  readonly #checkpoints: Collection<{ _id: string; position: number }>;

  private constructor(client: MongoClient) {
    this.#client = client;
    this.#events = client.db("raw").collection("events");
    this.#rows = client.db("raw").collection("rows");
    this.#checkpoints = client.db("raw").collection("checkpoints");
  }

  static async open(url: string): Promise<RawMongo> {
    const raw = new RawMongo(await MongoClient.connect(url));
    await raw.#events.createIndex({ stream: 1, version: 1 }, { unique: true });
    await raw.#rows.createIndex({ city: 1 });
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

  /** A bulk of one write per event, then the checkpoint. */
  async fold(payloads: readonly Payload[], position: number): Promise<void> {
    await this.#rows.bulkWrite(
      payloads.map(({ id, name, city, amount }) => ({
        // Updates one document each. FerretDB 1 opens a connection to its database for each `updateOne` of a command.
        updateMany: {
          filter: { _id: id },
          update: { $set: { name, city, amount, total: amount, events: 1 } },
          upsert: true,
        },
      })),
      durable,
    );
    await this.#checkpoints.updateOne({ _id: "raw" }, { $set: { position } }, { upsert: true, ...durable });
  }

  async folded() {
    const totals = await this.#rows.find().project<{ total: number }>({ total: 1 }).toArray();
    const checkpoint = await this.#checkpoints.findOne({ _id: "raw" });
    const sum = totals.reduce((before, { total }) => before + total, 0);
    return { rows: totals.length, sum, position: checkpoint!.position };
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
