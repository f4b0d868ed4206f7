import type { Engines } from "../core/adapter.ts";
import { memoryFromString } from "./memory/connection-string.ts";
import { mongoFromString } from "./mongodb/connection-string.ts";
import { natsFromString } from "./nats/connection-string.ts";
import { postgresFromString } from "./postgres/connection-string.ts";
import { sqliteFromString } from "./sqlite/connection-string.ts";
import { sqlite } from "./sqlite/sqlite.ts";

/** The engines by the scheme of their connection string; without a connection string it is SQLite. */
export const engines: Engines = {
  byScheme: {
    sqlite: sqliteFromString,
    memory: memoryFromString,
    mongodb: mongoFromString,
    "mongodb+srv": mongoFromString,
    nats: natsFromString,
    postgres: postgresFromString,
    postgresql: postgresFromString,
  },
  byDefault: (name) => sqlite(`data/${name}.db`),
};
