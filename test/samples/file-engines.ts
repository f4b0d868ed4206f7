import { join } from "node:path";
import { onDisk } from "../contract/nedb-port.ts";
import type { SampleEngine } from "./sample-engine.ts";

const log = (_: string, folder: string) => `sqlite:${folder}/bank.db`;

export const sqlite: SampleEngine = { name: "sqlite", log };

/** The log is in SQLite, the tables are in NeDB. */
export const moleculerDb: SampleEngine = {
  name: "moleculer-db",
  log,
  table: (name, folder) => ({
    adapter: onDisk(join(folder, name)),
    snapshots: { folder: join(folder, name, "snapshots") },
  }),
};
