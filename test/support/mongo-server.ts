import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import type { Engine } from "./engines.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const sources = path("./ferretdb");
const built = path("../../node_modules/.cache/moleculer-event-sourcing/ferretdb-1.24.2");

/** MongoDB's protocol as FerretDB speaks it, over SQLite: built here with Go, since it comes in no package of a distribution. */
export const mongodb: Engine = {
  program: "go",
  build: async (go) => {
    if (existsSync(built)) return built;
    mkdirSync(dirname(built), { recursive: true });
    // Several spec files may build it at once: it appears whole.
    const own = `${built}.${process.pid}`;
    await promisify(execFile)(go, ["build", "-o", own, "."], { cwd: sources });
    renameSync(own, built);
    return built;
  },
  args: (port, folder) => [`127.0.0.1:${port}`, `file:${folder}/`],
  url: (port) => `mongodb://127.0.0.1:${port}`,
  serves: async (url) => {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 500 });
    try {
      await client.db("admin").command({ ping: 1 });
    } finally {
      await client.close();
    }
  },
};
