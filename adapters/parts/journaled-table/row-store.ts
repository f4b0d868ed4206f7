import type { Fields } from "../../../core/rows/fields.ts";
import type { TableCapabilities } from "../../../core/table/read-table.ts";
import type { ColumnValue } from "../rows/where.ts";

/** A document about the table: its pointer, a generation, or a part of a journal. `kind` says which. */
export type Head = Readonly<{ _id: string; kind: string } & Record<string, ColumnValue>>;
export type Values = Readonly<Record<string, ColumnValue>>;

/** Conditions as MongoDB and NeDB take them; never more than `$eq`-like values, `$ne $gt $gte $lt $lte $in $nin`, `$and` and `$or`. */
export type Filter = Readonly<Record<string, unknown>>;

/** What a batch can write: rows, and parked events. */
export const kinds = ["rows", "parked"] as const;
export type Kind = (typeof kinds)[number];

/** A row as it is stored, or a parked event. */
export type Content = Readonly<Record<string, ColumnValue>>;

/** A row or parked event among the documents. `content` is null for what is left of one that was removed. */
export interface Fenced {
  id: string;
  /** The number of the batch that last wrote it. */
  fence: number;
  content: Content | null;
}

/** A write of one document that a batch comes to. */
export interface Write {
  kind: Kind;
  id: string;
  /** Nothing stands under the id, not even what is left of a removed one. */
  isNew: boolean;
  content: Content | null;
}

/** Few documents that are read by name and changed by compare-and-set. */
export interface Heads {
  get(id: string): Promise<Head | null>;
  list(kind: string): Promise<Head[]>;
  /** False where one with this id is there. */
  add(head: Head): Promise<boolean>;
  /** Sets the values in one step, where the document is there and has what is expected; else false. */
  change(id: string, expected: Values, values: Values): Promise<boolean>;
  remove(filter: Filter): Promise<void>;
}

export interface Page {
  sort: Readonly<Record<string, 1 | -1>>;
  /** 0 is none. */
  limit: number;
  offset: number;
}

/** The documents of one kind in one generation. Filters and orders name the id as `_id`. */
export interface Documents {
  /** What the engine has as `_id` for this id. */
  keyOf(id: string): string;
  /** What filters and orders name this field of the content by. */
  pathOf(field: string): string;
  /** Those that are there or are left of removed ones, in no order. */
  get(ids: readonly string[]): Promise<Fenced[]>;
  /** Without those left of removed ones, in no order unless the page says so. */
  find(filter: Filter, page?: Page): AsyncIterable<Fenced>;
  /** Those of `find`. */
  count(filter: Filter): Promise<number>;
  /** All that a batch behind this one wrote last, removed ones too. */
  writtenAfter(fence: number): AsyncIterable<Fenced>;
  /** Writes each in one step where nothing stands, or something with a lower fence. What is written again with one fence is the same. */
  put(writes: readonly Write[], fence: number): Promise<void>;
}

/**
 * What an engine without transactions over several documents has to offer for read tables: writes of one document that
 * happen wholly or not at all, and only where it is as expected. Its errors are StoreUnavailableError where a call may
 * have happened or not.
 */
export interface RowStore {
  readonly engine: string;
  /** The place, in words for errors. */
  readonly location: string;
  readonly durability: TableCapabilities["durability"];
  readonly hosts: TableCapabilities["hosts"];
  /** Of a text that one document can hold. */
  readonly maxBytes: number;
  /** Texts are compared and sorted by the bytes of their UTF-8, null is lower than numbers and these than text. */
  readonly sortsByBytes: boolean;
  readonly heads: Heads;
  open(): Promise<void>;
  close(): Promise<void>;
  /** Called once before anything is written to a generation. */
  prepare(generation: number, fields: Fields): Promise<void>;
  documents(generation: number, kind: Kind): Documents;
  /** Every document of the generation, in pieces. */
  removeGeneration(generation: number): Promise<void>;
  /** The same for every generation below this number but these. */
  removeOthers(below: number, except: readonly number[]): Promise<void>;
}
