import type { Engines } from "../core/adapter.ts";
import { memoryFromString } from "./memory/connection-string.ts";
import { sqliteFromString } from "./sqlite/connection-string.ts";
import { sqlite } from "./sqlite/sqlite.ts";

/** Every engine that a connection string can name. */
export const engines: Engines = {
  byScheme: { sqlite: sqliteFromString, memory: memoryFromString },
  byDefault: (name) => sqlite(`data/${name}.db`),
};
