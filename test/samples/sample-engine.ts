import type { Adapter } from "moleculer-event-sourcing/adapter-kit";

export interface TablePlace {
  adapter?: string | Adapter;
  snapshots?: { folder: string };
}

/** The content of a store by place: a table, a stream, a file. */
export type Contents = Record<string, readonly unknown[]>;

/** How the sample of an engine is stored and loaded. `server` is the server's URL, or "" without one. */
export interface SampleEngine {
  name: string;
  /** The connection string of the bank's log; `folder` is for files. */
  log(server: string, folder: string): string;
  /** Where a table is, if not beside the log. */
  table?: (name: string, folder: string) => TablePlace;
  /** Files that a host makes anew from the server: they are not stored. */
  isDerived?: (path: string) => boolean;
  server?: SampleServer;
}

/** The data of a server, read and written with the bare driver. */
export interface SampleServer {
  /** The engine of `startEngine`. */
  program: "nats-server" | "postgres" | "mongodb";
  /** Writes all data of the server into the sample's folder, as text. */
  dump: (server: string, sample: string) => Promise<void>;
  /** Writes the data of the sample's folder into an empty server. */
  load: (server: string, sample: string) => Promise<void>;
  contents: (server: string) => Promise<Contents>;
}

/** The index that a host makes of a chain, with its lock. */
export const isIndexOfChain = (path: string): boolean => path.includes(".index.db");
