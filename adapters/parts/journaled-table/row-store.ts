import type { Fields } from "../../../core/rows/fields.ts";
import type { TableCapabilities } from "../../../core/table/read-table.ts";
import type { ColumnValue } from "../rows/where.ts";

/** A document about the table: its pointer, a generation, or a part of a journal. `kind` says which. */
export type Head = Readonly<{ _id: string; kind: string } & Record<string, ColumnValue>>;
export type Values = Readonly<Record<string, ColumnValue>>;

/**
 * Conditions in MongoDB's syntax, limited to the operators that NeDB has too: plain values for equality, `$ne`, `$gt`,
 * `$gte`, `$lt`, `$lte`, `$in`, `$nin`, `$and` and `$or`.
 */
export type Filter = Readonly<Record<string, unknown>>;

/** The documents that a batch writes: rows and parked events. */
export const kinds = ["rows", "parked"] as const;
export type Kind = (typeof kinds)[number];

/** A row as it is stored, or a parked event. */
export type Content = Readonly<Record<string, ColumnValue>>;

/** The document of a row or parked event. `content` is null for a tombstone. */
export interface Fenced {
  id: string;
  /** The number of the batch that last wrote it. */
  fence: number;
  content: Content | null;
}

/** One document that a batch writes. */
export interface Write {
  kind: Kind;
  id: string;
  /** No document exists for the id, not even a tombstone. */
  isNew: boolean;
  content: Content | null;
}

/** The few documents about the table, read by id and changed by compare-and-set. */
export interface Heads {
  get(id: string): Promise<Head | null>;
  list(kind: string): Promise<Head[]>;
  /** False if a document with this id exists. */
  add(head: Head): Promise<boolean>;
  /** Sets the values in one step if the document exists with the expected values; otherwise returns false. */
  change(id: string, expected: Values, values: Values): Promise<boolean>;
  remove(filter: Filter): Promise<void>;
}

export interface Page {
  sort: Readonly<Record<string, 1 | -1>>;
  /** 0: no limit. */
  limit: number;
  offset: number;
}

/** The documents of one kind in one generation. Filters and orders name the id as `_id`. */
export interface Documents {
  /** The engine's `_id` for this id. */
  keyOf(id: string): string;
  /** The path of this field of the content in filters and orders. */
  pathOf(field: string): string;
  /** Includes tombstones; in no order. */
  get(ids: readonly string[]): Promise<Fenced[]>;
  /** Without tombstones; in no order unless the page has one. */
  find(filter: Filter, page?: Page): AsyncIterable<Fenced>;
  /** The number of documents that `find` returns. */
  count(filter: Filter): Promise<number>;
  /** The documents with a higher fence than this, including tombstones. */
  writtenAfter(fence: number): AsyncIterable<Fenced>;
  /**
   * Writes each document in one step if none exists or the existing one has a lower fence. A repeat with the same fence
   * has the same content.
   */
  put(writes: readonly Write[], fence: number): Promise<void>;
}

/**
 * The port of an engine without transactions over several documents. It needs atomic, conditional writes of one
 * document. Its methods throw StoreUnavailableError if the outcome of a call is unknown.
 */
export interface RowStore {
  readonly engine: string;
  /** The location for error messages. */
  readonly location: string;
  readonly durability: TableCapabilities["durability"];
  readonly hosts: TableCapabilities["hosts"];
  /** The most bytes of a text that one document can contain. */
  readonly maxBytes: number;
  /** The engine compares text by the bytes of its UTF-8, and sorts null before numbers before text. */
  readonly sortsByBytes: boolean;
  readonly heads: Heads;
  open(): Promise<void>;
  close(): Promise<void>;
  /** Called once before the first write to a generation. */
  prepare(generation: number, fields: Fields): Promise<void>;
  documents(generation: number, kind: Kind): Documents;
  /** Removes every document of the generation, in several steps. */
  removeGeneration(generation: number): Promise<void>;
  /** Removes every generation below this number except these. */
  removeOthers(below: number, except: readonly number[]): Promise<void>;
}
