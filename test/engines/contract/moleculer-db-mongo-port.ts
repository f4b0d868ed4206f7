import MongoDbAdapter from "moleculer-db-adapter-mongo";
import type { Adapter } from "../../../core/adapter.ts";
import { moleculerDb } from "../../../adapters/moleculer-db/moleculer-db.ts";

export const onMongo = (url: string): Adapter =>
  moleculerDb(() => new MongoDbAdapter(url, { useUnifiedTopology: true }));

/** What the contract suite's other processes open. */
export default (_kind: "table", url: string, name: string) => onMongo(url).readTable!(name);
