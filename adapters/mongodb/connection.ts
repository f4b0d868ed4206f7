import type { Db, MongoClient, MongoClientOptions } from "mongodb";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import { translate } from "./errors.ts";

export interface MongoLocation {
  url: string;
  database: string;
  /** Begins the names of the collections. */
  name: string;
  client: MongoClientOptions;
}

export interface Connection {
  client: MongoClient;
  /** What it acknowledges survives a power cut and a new primary, whatever the URL and the client's options say. */
  database: Db;
}

/** @param timeoutMs after which a call without an answer has failed */
export async function connect(location: string, place: MongoLocation, timeoutMs: number): Promise<Connection> {
  const { MongoClient, ReadConcern } = await peerDriver(location, "mongodb", () => import("mongodb"));
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(place.url, {
      serverSelectionTimeoutMS: times.mongodb.connectMs,
      connectTimeoutMS: times.mongodb.connectMs,
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: times.mongodb.connectMs,
      ...place.client,
      // Who writes settles lost answers himself, and knows his own writes again.
      retryWrites: false,
    });
    const database = client.db(place.database, {
      readPreference: "primary",
      // What a minority has may be taken back when the primary changes: nothing may follow from it.
      readConcern: new ReadConcern("majority"),
      writeConcern: { w: "majority", journal: true, wtimeoutMS: times.mongodb.writeMs },
    });
    await client.connect();
    return { client, database };
  } catch (error) {
    await client?.close();
    throw translate(location, error);
  }
}
