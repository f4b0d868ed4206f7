import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BSON, MongoClient, type CreateIndexesOptions, type Db, type Document, type IndexSpecification } from "mongodb";
import { isIndexOfChain, type Contents, type SampleEngine } from "./sample-engine.ts";

type Index = { key: IndexSpecification; v?: number } & CreateIndexesOptions;

/** A line of the dump, in extended JSON: a collection with its indexes, or a document. */
type Line = { collection: string; indexes: Index[] } | { of: string; document: Document };

const database = "samples";
const dumpFile = (sample: string) => join(sample, "dump.jsonl");

export const mongodb: SampleEngine = {
  name: "mongodb",
  log: (server, folder) => `${server}/${database}?folder=${folder}`,
  isDerived: isIndexOfChain,
  server: {
    program: "mongodb",
    dump: async (server, sample) => {
      const text = (await linesOf(server)).map((line) => `${BSON.EJSON.stringify(line, { relaxed: false })}\n`);
      writeFileSync(dumpFile(sample), text.join(""));
    },
    load: (server, sample) =>
      withDatabase(server, async (db) => {
        for (const line of readFileSync(dumpFile(sample), "utf8").trim().split("\n"))
          await restore(db, BSON.EJSON.parse(line, { relaxed: false }) as Line);
      }),
    contents: async (server) => {
      const contents: Record<string, unknown[]> = {};
      for (const line of await linesOf(server))
        if ("collection" in line) contents[line.collection] = line.indexes.map((index) => ({ index }));
        else contents[line.of]!.push(line.document);
      return contents satisfies Contents;
    },
  },
};

const linesOf = (server: string): Promise<Line[]> =>
  withDatabase(server, async (db) => {
    const lines: Line[] = [];
    const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    for (const collection of names.toSorted()) {
      lines.push({ collection, indexes: (await db.collection(collection).indexes()) as Index[] });
      const documents = await db.collection(collection).find().sort({ _id: 1 }).toArray();
      lines.push(...documents.map((document) => ({ of: collection, document })));
    }
    return lines;
  });

async function restore(db: Db, line: Line): Promise<void> {
  if ("document" in line) return void (await db.collection(line.of).insertOne(line.document));
  const collection = await db.createCollection(line.collection);
  for (const { key, v: _, ...options } of line.indexes)
    if (options.name !== "_id_") await collection.createIndex(key, options);
}

async function withDatabase<Answer>(server: string, work: (db: Db) => Promise<Answer>): Promise<Answer> {
  const client = new MongoClient(server);
  try {
    return await work(client.db(database));
  } finally {
    await client.close();
  }
}
