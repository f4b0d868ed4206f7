import type { KeyRange } from "../../../core/log/control.ts";
import type { LogCapabilities } from "../../../core/log/event-log.ts";

/** Taken: another host was first. */
export type Added = "added" | "taken";

export interface Records {
  /** In order, without a gap. */
  records: string[];
  /** The chain had no record after these when they were read. */
  end: boolean;
}

/** How a chain is opened. */
export interface ChainOptions {
  /**
   * False: nothing is created on the server. A chain that does not exist is empty, or `open` throws MissingLogError.
   */
  create: boolean;
  /** Called with problems that an operator should know of, although the chain is usable. */
  warn: (message: string) => void;
}

/**
 * The port of an engine that can add one record after the last, and nothing else that a log needs: records 1, 2, 3 …,
 * durable when `add` resolves, never changed. `ChainedLog` makes a log of it.
 *
 * Every method throws StoreUnavailableError within seconds if the engine does not respond.
 */
export interface CommitChain {
  readonly engine: string;
  /** The location for error messages, without a password. */
  readonly location: string;
  readonly durability: LogCapabilities["durability"];
  /** The most bytes of UTF-8 that one record may have; known once it is open. */
  readonly maxBytes: number;
  readonly keyValues: KeyValues;

  /** @throws UnusableStoreError if the server or the stored chain is unsuitable; the message says how to fix it */
  open(options: ChainOptions): Promise<void>;
  close(): Promise<void>;
  /** The records after that number: as many as fit into the memory of a process, and at most `limit`. */
  read(after: number, limit: number): Promise<Records>;
  /** The number of the last record; 0 before the first. */
  last(): Promise<number>;
  /** The server's clock, in milliseconds. Omitted if the server has none to ask. */
  serverTime?(): Promise<number>;
  /** Adds the record if the last number is the one before. If it throws, the record may be there, or come later. */
  add(number: number, record: string): Promise<Added>;
}

/** A key that has a text. */
export interface KeyValue {
  key: string;
  text: string;
}

/** The last change of one key. */
export interface KeyValueChange {
  /** Null: the text was removed. */
  text: string | null;
  /** Its number among the changes of all keys. */
  number: number;
}

/**
 * Small texts under keys. The changes of all keys have one sequence of numbers, and a change names the last one that
 * its host has read. So a change can depend on other keys, without transactions.
 */
export interface KeyValues {
  /** The most bytes of UTF-8 that one text may have; known once the chain is open. */
  readonly maxBytes: number;
  /** The number of the last change; 0 before the first. */
  last(): Promise<number>;
  /** Null only for a key that was never changed: a removal is kept for ever, to distinguish it from a lost change. */
  get(key: string): Promise<KeyValueChange | null>;
  /** The keys that have a text. */
  list(range: KeyRange): Promise<KeyValue[]>;
  /**
   * Stores the text under the key, or removes it (null), as change `last + 1`, if the last change of any key is `last`.
   * If it throws, the change may have happened, or happen later.
   */
  put(key: string, text: string | null, last: number): Promise<Added>;
  /**
   * Stores the text under the key if the last change of this key has that number (0: it has none). Changes of other
   * keys do not matter. Returns the number of the new change; null if another host was first. If it throws, as for
   * `put`.
   */
  replace(key: string, text: string, number: number): Promise<number | null>;
}
