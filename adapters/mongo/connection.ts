import type * as Driver from "mongodb";
import type { MongoClient, MongoClientOptions } from "mongodb";
import { UnusableStoreError } from "../../core/errors.ts";
import { translate } from "./errors.ts";

const connectTimeoutMs = 2_000;
const writeTimeoutMs = 4_000;

export interface MongoPlace {
  url: string;
  database: string;
  /** Begins the names of the collections. */
  name: string;
  client: MongoClientOptions;
}

/**
 * A client whose acknowledged writes survive a power cut and a new primary.
 *
 * @param timeoutMs after which a call without an answer has failed
 */
export async function connect(where: string, place: MongoPlace, timeoutMs: number): Promise<MongoClient> {
  const { MongoClient } = await driver();
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(place.url, {
      serverSelectionTimeoutMS: connectTimeoutMs,
      connectTimeoutMS: connectTimeoutMs,
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: connectTimeoutMs,
      ...place.client,
      // Who writes settles lost answers himself, and knows his own writes again.
      retryWrites: false,
      readPreference: "primary",
      // What a minority has may be taken back when the primary changes: nothing may follow from it.
      readConcern: { level: "majority" },
      writeConcern: { w: "majority", journal: true, wtimeoutMS: writeTimeoutMs },
    });
    return await client.connect();
  } catch (error) {
    await client?.close();
    throw translate(where, error);
  }
}

async function driver(): Promise<typeof Driver> {
  try {
    return await import("mongodb");
  } catch (error) {
    throw new UnusableStoreError("mongo", "its driver is not installed: npm i mongodb", error);
  }
}
