import MongoDbAdapter from "moleculer-db-adapter-mongo";
import type { Adapter } from "../../../core/adapter.ts";
import { fenced } from "../../../adapters/fenced/fenced.ts";

export const onMongo = (url: string): Adapter => fenced(() => new MongoDbAdapter(url, { useUnifiedTopology: true }));

/** What the contract suite's other processes open. */
export default (_kind: "table", url: string, name: string) => onMongo(url).readTable!(name);
