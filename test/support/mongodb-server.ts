import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import { builtOnce } from "./built-once.ts";
import type { Engine } from "./engines.ts";

const sources = fileURLToPath(new URL("./ferretdb", import.meta.url));

/**
 * FerretDB, which implements MongoDB's protocol over SQLite. Built here with Go, since no distribution has a package of
 * it.
 */
export const mongodb: Engine = {
  program: "go",
  build: (go) =>
    builtOnce("ferretdb-1.24.2", (file) => promisify(execFile)(go, ["build", "-o", file, "."], { cwd: sources })),
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
