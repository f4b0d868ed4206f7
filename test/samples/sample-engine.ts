/** How the sample of an engine is stored and loaded. `server` is the server's URL, or "" without one. */
export interface SampleEngine {
  name: string;
  /** The connection string of the bank's log; `folder` is for files. */
  log(server: string, folder: string): string;
  /** Files that a host makes anew from the server: they are not stored. */
  isDerived?: (path: string) => boolean;
  /** Writes all data of the server into the sample's folder, with the bare driver. */
  dump?: (server: string, sample: string) => Promise<void>;
  /** Writes the data of the sample's folder into an empty server, with the bare driver. */
  load?: (server: string, sample: string) => Promise<void>;
}

export const sqlite: SampleEngine = { name: "sqlite", log: (_, folder) => `sqlite:${folder}/bank.db` };
