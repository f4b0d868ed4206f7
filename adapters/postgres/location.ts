import type { ServerOptions } from "./connections.ts";

/** Where a log or a table is stored: a schema of a database. */
export interface Location {
  server: ServerOptions;
  /** The name of the store or the aggregate. */
  of: string;
  /** The schema's name. */
  name: string;
  schema: string;
  /** For messages, without the password. */
  location: string;
  /** The URL of the connection that listens for commits. If it is null, hosts neither listen nor notify. */
  listen: string | null;
  /** The folder for the host's own files. */
  folder: string;
  durability: "power" | "process";
}
