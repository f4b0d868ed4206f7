import type { LogCapabilities } from "../../../core/log/event-log.ts";

/** Whether it stands where it was meant to, or somebody else was first. */
export type Added = "added" | "taken";

export interface Records {
  /** One after the other, without a gap. */
  records: string[];
  /** There was none behind them when they were read. */
  end: boolean;
}

/** How a chain is opened. */
export interface ChainOptions {
  /** Without it nothing is made on the server: a chain that is not there is refused, or empty. */
  create: boolean;
  /** Is called with what an operator should know although the chain can be used. */
  warn: (message: string) => void;
}

/**
 * The port of an engine that can add one record after the last, and nothing else that a log needs: records 1, 2, 3 …,
 * durable when `add` answers, never changed. A log is made of it by `ChainedLog`.
 *
 * Every method fails with StoreUnavailableError where the engine does not answer, within seconds.
 */
export interface CommitChain {
  readonly engine: string;
  /** Where it is, as errors name it. */
  readonly location: string;
  readonly durability: LogCapabilities["durability"];
  /** The most bytes of UTF-8 that one record may have; known once it is open. */
  readonly maxBytes: number;
  readonly keyValues: KeyValues;

  /** @throws UnusableStoreError where this version cannot work with what it finds, with an advice */
  open(options: ChainOptions): Promise<void>;
  close(): Promise<void>;
  /** The records after that number: as many as fit into the memory of a process, and at most `limit`. */
  read(after: number, limit: number): Promise<Records>;
  /** The number of the last record; 0 before the first. */
  last(): Promise<number>;
  /** The server's clock, in milliseconds; left out where it does not tell. */
  serverTime?(): Promise<number>;
  /** Puts a record at this number if the last one is that before it. Where it fails, the record may be there, or come. */
  add(number: number, record: string): Promise<Added>;
}

/** What stands under a key. */
export interface KeyValue {
  key: string;
  text: string;
}

/** The last change of one key. */
export interface KeyValueChange {
  /** Null: it removed what stood under the key. */
  text: string | null;
  /** Its number among the changes of all keys. */
  number: number;
}

/**
 * Small texts under keys, all of whose changes are numbered together: whoever changes one says up to which change he
 * knows them all. So a change can depend on other cells, without transactions.
 */
export interface KeyValues {
  /** The most bytes of UTF-8 that one text may have; known once the chain is open. */
  readonly maxBytes: number;
  /** The number of the last change; 0 before the first. */
  last(): Promise<number>;
  /** Null only for a key that was never changed: a removal stays for ever, so that a lost change is told from it. */
  get(key: string): Promise<KeyValueChange | null>;
  /** The keys that begin with `prefix` and have a text, in the order of their UTF-8 bytes, after the key `after`. */
  list(options: { prefix: string; after?: string; limit: number }): Promise<KeyValue[]>;
  /**
   * Puts the text under the key, or with null nothing, as change `last + 1`, if the last change of any cell is `last`.
   * Where it fails, it may have happened, or happen yet.
   */
  put(key: string, text: string | null, last: number): Promise<Added>;
  /**
   * Puts the text under the key if the last change of this cell has that number, 0 where there was none, whatever else
   * has changed. Its own number; null where another was first. Where it fails, it may have happened, or happen yet.
   */
  replace(key: string, text: string, number: number): Promise<number | null>;
}
