import { MissingLogError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { namedFile } from "../../sqlite/file-identity.ts";
import { connect } from "../../sqlite/database.ts";
import { isSqliteError } from "../../sqlite/errors.ts";
import { ChainedLog } from "./chained-log.ts";
import type { Added, KeyValueChange, KeyValues, CommitChain, Records } from "./commit-chain.ts";
import { indexSchema } from "./index-file.ts";
import { toRecords } from "./record.ts";

interface IndexEnd {
  identity: string;
  number: number;
  record: string;
}

/**
 * Opens the index of a host as a log, to recover a log that the server has lost. An index has no control state.
 * @param path a copy of the host's file, which no other process opens, because opening a damaged index deletes it
 * @throws MissingLogError; UnusableStoreError if it is not an index
 */
export const logOfIndex = (path: string): ChainedLog => new ChainedLog(new IndexChain(path, endOf(path)), path);

function endOf(path: string): IndexEnd {
  if (namedFile(path) === null) throw new MissingLogError(path);
  const db = connect(path);
  try {
    if (db.pragma("application_id", { simple: true }) === indexSchema.applicationId) {
      const end = db
        .prepare<[], IndexEnd>(
          "SELECT value AS identity, number, record FROM about, chain WHERE about.key = 'identity'",
        )
        .get();
      if (end && end.identity !== "") return end;
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    throw new UnusableStoreError(path, "found a damaged file, expected the index of a log", error);
  } finally {
    db.close();
  }
  throw new UnusableStoreError(path, "found no index of a log, expected one, like data/orders.index.db");
}

/** A read-only chain made of an index: its first record, and the id of its last. */
class IndexChain implements CommitChain {
  readonly engine = "index";
  readonly location: string;
  readonly durability = "none";
  readonly maxBytes = 0;
  readonly keyValues = noKeyValues;
  readonly #end: IndexEnd;

  constructor(location: string, end: IndexEnd) {
    this.location = location;
    this.#end = end;
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}

  async read(after: number, limit: number): Promise<Records> {
    const { identity, number, record } = this.#end;
    if (after >= number) return { records: [], end: true };
    // More than one record is read only after the damaged index was deleted, to rebuild it.
    if (limit > 1) throw new UnusableStoreError(this.location, "found a damaged index, expected a readable one");
    const first = { id: record, after: "", change: { begin: { identity } } };
    return { records: toRecords(first, Infinity), end: false };
  }

  async last(): Promise<number> {
    return this.#end.number;
  }

  async add(): Promise<Added> {
    throw new UnusableStoreError(this.location, "the index of a log is read-only");
  }
}

const noKeyValues: KeyValues = {
  maxBytes: 0,
  last: async () => 0,
  get: async (): Promise<KeyValueChange | null> => null,
  list: async () => [],
  put: async () => "taken",
  replace: async () => null,
};
