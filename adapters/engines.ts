import type { Engines } from "../core/adapter.ts";
import { sqliteFromString } from "./sqlite/connection-string.ts";
import { sqlite } from "./sqlite/sqlite.ts";

/** Every engine that a connection string can name. */
export const engines: Engines = {
  byScheme: { sqlite: sqliteFromString },
  byDefault: (name) => sqlite(`data/${name}.db`),
};
