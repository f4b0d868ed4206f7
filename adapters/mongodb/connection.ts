import type { Db, MongoClient, MongoClientOptions } from "mongodb";
import { times } from "../../core/concurrency/times.ts";
import { peerDriver } from "../parts/peer-driver.ts";
import { translate } from "./errors.ts";

/** The connection data of one log or table. */
export interface MongoLocation {
  url: string;
  database: string;
  /** The prefix of the names of the collections. */
  name: string;
  driver: MongoClientOptions;
}

export interface Connection {
  client: MongoClient;
  /** Acknowledged writes survive a power cut and a new primary, regardless of the URL and the client's options. */
  database: Db;
  /** An update's conditions and its writes are one step, which they are not on FerretDB 1. */
  hasAtomicUpdates: boolean;
}

/** @param timeoutMs time-out of a call */
export async function connect(location: string, target: MongoLocation, timeoutMs: number): Promise<Connection> {
  const { MongoClient, ReadConcern } = await peerDriver(location, "mongodb", () => import("mongodb"));
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(target.url, {
      serverSelectionTimeoutMS: times.mongodb.connectMs,
      connectTimeoutMS: times.mongodb.connectMs,
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: times.mongodb.connectMs,
      ...target.driver,
      // The callers handle lost responses themselves, and recognise their own writes.
      retryWrites: false,
    });
    const database = client.db(target.database, {
      readPreference: "primary",
      // A write on a minority may be rolled back when the primary changes, so no decision may depend on it.
      readConcern: new ReadConcern("majority"),
      writeConcern: { w: "majority", journal: true, wtimeoutMS: times.mongodb.writeMs },
    });
    await client.connect();
    const about = await database.admin().buildInfo();
    return { client, database, hasAtomicUpdates: !("ferretdbVersion" in about) };
  } catch (error) {
    await client?.close();
    throw translate(location, error);
  }
}
