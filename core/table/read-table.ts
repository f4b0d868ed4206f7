import type { Fields, Row } from "../rows/fields.ts";
import type { Query } from "../query/query.ts";
import type { ParkedError } from "../event/parked-error.ts";
import type { RowChange } from "../rows/row-change.ts";

/** Rows as one reader sees them. */
export interface Rows {
  find(query: Query): Row[] | Promise<Row[]>;
  count(query: Query): number | Promise<number>;
  /** In the order of the ids; ids without a row are left out. */
  findByIds(ids: readonly string[]): Row[] | Promise<Row[]>;
}

/** How far a generation is folded. Stored in the same commit as the rows. */
export interface Progress {
  /** Done up to and including this position. */
  position: number;
  /** The id of the event there: a log that was set back and has grown again holds another one. Null at position 0. */
  positionId: string | null;
  /** The last position whose event was mapped and folded: a retry of an older event comes out of order. */
  folded: number;
  /** A parked event was folded after newer ones of other streams. */
  reordered: boolean;
  /** The log this generation was folded from; null before the first event. */
  log: string | null;
}

/** An event set aside: one that failed, or (`error` null) a later one of its stream that waits behind it. */
export interface ParkedEvent {
  id: string;
  type: string;
  stream: string;
  version: number;
  position: number;
  error: ParkedError | null;
  attempts: number;
  /** When it was parked: ISO 8601. */
  time: string;
}

/**
 * What is kept of a stream that waits, however many of its events do: those behind this event, up to the checkpoint,
 * follow from the log. `error` null: this event is done or given up, and those behind it wait for nothing any more.
 */
export interface ParkedStream extends ParkedEvent {
  /** How many events wait behind this one. */
  waiting: number;
  /** The ids of those behind it that were given up: they are not counted, and are passed over. */
  givenUp?: readonly string[];
}

/**
 * Changes that commit together: rows, parked events and the checkpoint. `rows` sees what the batch has changed so far;
 * everybody else sees committed rows only.
 */
export interface Batch {
  readonly rows: Rows;
  /** All of them or, if it throws, none. @throws DuplicateRowError, InvalidRowError */
  apply(changes: readonly RowChange[]): void | Promise<void>;
  /** Remembers this point, for `undo`: one event with several mappings is folded whole or not at all. */
  mark(): void | Promise<void>;
  /** Takes back every change since `mark`. */
  undo(): void | Promise<void>;
  /** Keeps it as it is, also with fields that this port does not name; in place of one with the same id. */
  park(event: ParkedStream): void | Promise<void>;
  unpark(id: string): void | Promise<void>;
  commit(progress: Progress): void | Promise<void>;
  rollback(): void | Promise<void>;
}

/** Where a generation comes from. The engine keeps both texts as they are, also in backups. */
export interface Origin {
  /** How the aggregate describes the definition that the rows are folded by; "" where nobody said. */
  definition: string;
  /** The order that this generation was built for; "" where it came by itself. */
  order: string;
}

/** One physical copy of an aggregate's table. */
export interface Generation {
  readonly number: number;
  /** The fields it was built with; a service that started with others builds a new one beside it. */
  readonly fields: Fields;
  readonly origin: Readonly<Origin>;
  /** Another text as its origin's definition: from now on its rows follow from more than the one it was built by. */
  redefine(definition: string): void | Promise<void>;
  /** Committed rows. */
  readonly rows: Rows;
  progress(): Progress | Promise<Progress>;
  /** In the order of their positions. */
  parked(): ParkedStream[] | Promise<ParkedStream[]>;
  /** Begins a batch; there is one at a time. */
  begin(): Batch | Promise<Batch>;
}

/** What a backup of a generation holds. */
export interface TableBackup {
  rows: number;
  progress: Progress;
  origin: Origin;
  /** Of all its files' content: a byte that is changed, missing or added changes it. */
  checksum: string;
  bytes: number;
}

/** What an engine says of itself; the contract suite checks each claim. */
export interface TableCapabilities {
  /** What a committed batch survives. Less than the log's is no harm: what is lost is folded again. */
  durability: "process" | "power" | "none";
  /** One process hosts the table, or any number of nodes share it. */
  hosts: "one" | "many";
  /** A batch becomes visible all at once. Where false, readers may see a part of it for a moment. */
  atomicBatch: boolean;
}

/**
 * The port of an engine that keeps read tables.
 *
 * The laws it answers for: rows and checkpoint change together, once per event (4), queries are answered by the live
 * generation while another is built, and the switch between them is atomic (7), queries cannot write (9).
 */
export interface ReadTable {
  readonly engine: string;
  readonly capabilities: TableCapabilities;
  /** Where snapshots stand unless somebody says otherwise; null where the engine knows no such place. */
  readonly snapshotFolder: string | null;

  /**
   * `fields` and `origin` are those of the first generation, where there is none yet.
   * Leaves nothing open where it fails.
   * @throws UnusableStoreError where somebody has to act: the start fails; StoreUnavailableError: it is tried again
   */
  open(fields: Fields, origin?: Origin): Promise<void>;
  close(): Promise<void>;
  /**
   * This host is the one that folds from now on. Another's batch that is not committed yet is refused, and so is all that
   * it folds, redefines or switches to afterwards, with StoreUnavailableError, until it has taken over itself, however
   * often it has looked meanwhile. A generation is then asked for its progress before it is folded on. Nothing to do where
   * one process hosts the table.
   */
  takeOver(): Promise<void>;
  /** Sees which generation is live by now, where another host may have switched. */
  refresh(): Promise<void>;
  /** The generation that answers queries. */
  live(): Generation;
  /** A new and empty generation beside the live one. */
  build(fields: Fields, origin?: Origin): Promise<Generation>;
  /** Makes the generation the live one, in one step that a crash finds done or not done, and drops the old. */
  switchTo(generation: Generation): Promise<void>;
  /** Drops a generation that is not live. */
  drop(generation: Generation): Promise<void>;

  /**
   * Copies the live generation as it is at one moment, rows, parked events and checkpoint, into files in `folder`, which
   * is there and empty. Folding and queries go on meanwhile. Answers when the files are on the disk.
   */
  backup(folder: string): Promise<TableBackup>;
  /**
   * A generation beside the live one with the content of a backup, but for its origin's `order`.
   * @throws SnapshotDamagedError where the files do not have this checksum; the backup is left as it is.
   */
  restore(folder: string, checksum: string, order: string): Promise<Generation>;
}

/** The origin of a generation that nobody described. */
export const noOrigin: Origin = { definition: "", order: "" };
