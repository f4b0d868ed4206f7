import type { ServerOptions } from "./connections.ts";

/** Where a log or a table is stored: a schema of a database. */
export interface Location {
  server: ServerOptions;
  /** The schema's name, and the same quoted for SQL. */
  name: string;
  schema: string;
  /** For messages: no password in it. */
  location: string;
  /** Where it is heard of commits, and then all hosts tell of theirs; null: nowhere. */
  listen: string | null;
  /** For the host's own files. */
  folder: string;
  durability: "power" | "process";
}
