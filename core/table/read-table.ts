import type { Debug } from "../text/state-log.ts";
import type { Fields, Row } from "../rows/fields.ts";
import type { Query } from "../query/query.ts";
import type { ParkedError } from "../event/parked-error.ts";
import type { RowChange } from "../rows/row-change.ts";

/** Rows as one reader sees them. */
export interface Rows {
  find(query: Query): Row[] | Promise<Row[]>;
  count(query: Query): number | Promise<number>;
  /** In the order of the ids; ids without a row are omitted. */
  findByIds(ids: readonly string[]): Row[] | Promise<Row[]>;
}

/** How far a generation is folded. Stored in the same commit as the rows. */
export interface Progress {
  /** Done up to and including this position. */
  position: number;
  /**
   * The id of the event there, which differs if the log was restored to an earlier state and has grown again. Null at
   * position 0.
   */
  positionId: string | null;
  /** The position of the last event that was mapped and folded: a retry of an older event is out of order. */
  folded: number;
  /** A parked event was folded after newer ones of other streams. */
  reordered: boolean;
  /** The log this generation was folded from; null before the first event. */
  log: string | null;
}

/** A parked event: one that failed, or (`error` null) a later one of its stream that waits behind it. */
export interface ParkedEvent {
  id: string;
  type: string;
  stream: string;
  version: number;
  position: number;
  error: ParkedError | null;
  attempts: number;
  /** ISO 8601. */
  parkedAt: string;
}

/**
 * The stored state of a waiting stream, which does not grow with its events: those behind this event, up to the
 * checkpoint, follow from the log. `error` null: this event is done or skipped, and the events behind it no longer
 * wait.
 */
export interface ParkedStream extends ParkedEvent {
  /** How many events wait behind this one. */
  waiting: number;
  /** The ids of skipped events behind it. They are not counted, and not folded. */
  givenUp?: readonly string[];
}

/**
 * Changes that commit together: rows, parked events and the checkpoint. `rows` includes the changes of the batch; other
 * readers see committed rows only.
 */
export interface Batch {
  readonly rows: Rows;
  /** Applies all changes or, if it throws, none. @throws DuplicateRowError, InvalidRowError */
  apply(changes: readonly RowChange[]): void | Promise<void>;
  /** Marks this point for `undo`: an event with several mappings is folded completely or not at all. */
  mark(): void | Promise<void>;
  /** Undoes every change since `mark`. */
  undo(): void | Promise<void>;
  /** Stores the event as it is, including fields that this port does not name; replaces one with the same id. */
  park(event: ParkedStream): void | Promise<void>;
  unpark(id: string): void | Promise<void>;
  commit(progress: Progress): void | Promise<void>;
  rollback(): void | Promise<void>;
}

/** The origin of a generation. The engine stores both texts unchanged, also in backups. */
export interface Origin {
  /** The aggregate's description of the definition that folds the rows; "" if it gave none. */
  definition: string;
  /** The id of the rebuild request for which this generation was built; "" if there was none. */
  requestId: string;
}

/** One physical copy of an aggregate's table. */
export interface Generation {
  readonly number: number;
  /** The owner whose hosts fold it; those of another owner can only read it. */
  readonly owner: string;
  /** The fields that it was built with; a service with other fields builds a new one beside it. */
  readonly fields: Fields;
  readonly origin: Readonly<Origin>;
  /** Replaces the definition of its origin: from now on its rows follow from more than the original one. */
  redefine(definition: string): void | Promise<void>;
  /** Committed rows. */
  readonly rows: Rows;
  /** Also reads the definition of the origin again, since another host may have replaced it. */
  progress(): Progress | Promise<Progress>;
  /** In the order of their positions. */
  parked(): ParkedStream[] | Promise<ParkedStream[]>;
  /** Begins a batch; one at a time. */
  begin(): Batch | Promise<Batch>;
}

/** A live generation as it is stored. */
export interface LiveGeneration {
  owner: string;
  number: number;
  progress: Progress;
}

/** The result of a generation's backup. */
export interface TableBackup {
  rows: number;
  progress: Progress;
  origin: Origin;
  /** Of the content of all its files: a changed, missing or added byte changes it. */
  checksum: string;
  bytes: number;
}

/** The capabilities that an engine declares; the contract suite checks each of them. */
export interface TableCapabilities {
  /**
   * Whether a committed batch survives only the death of the process, or a power cut, too. It may be less than the
   * log's: lost batches are folded again.
   */
  durability: "process" | "power" | "none";
  /** One process hosts the table, or any number of nodes share it. */
  hosts: "one" | "many";
  /** A batch becomes visible all at once. If false, readers may see a part of it for a moment. */
  atomicBatch: boolean;
}

export interface TableOpenOptions {
  /** Is called at each change of an inner state, with its name, the state before and after, and details. */
  debug?: Debug;
  /**
   * The name of the hosts that fold the table alike, for example the hash of their definition. Hosts of one owner share
   * a live generation, its builds and a fence; those of another owner have their own beside them. Default: "".
   */
  owner?: string;
}

/**
 * The port of an engine that stores read tables.
 *
 * The laws that it keeps: rows and checkpoint change together, once per event (4), queries are answered by the live
 * generation while another is built, and the switch between them is atomic (7), queries cannot write (9).
 *
 * If many hosts share the table, each owner (`TableOpenOptions.owner`) has a live generation of its own, so that hosts
 * of two releases fold side by side. If one process hosts it, the engine ignores the owner: there is one live
 * generation, whose `owner` is the one that was given to `open`.
 */
export interface ReadTable {
  readonly engine: string;
  readonly capabilities: TableCapabilities;
  /** The default folder of snapshots; null if the engine has none. */
  readonly snapshotFolder: string | null;

  /**
   * `fields` and `origin` are for the first generation, if no owner has a live one yet. Of several hosts that open an
   * empty table at the same time, whatever their owners, one creates it. Leaves nothing open if it fails.
   * @throws UnusableStoreError if an operator has to act: the start fails; StoreUnavailableError: opening is retried
   */
  open(fields: Fields, origin?: Origin, options?: TableOpenOptions): Promise<void>;
  close(): Promise<void>;
  /**
   * Makes this host the only one of its owner that folds. Uncommitted batches of another host of this owner, and its
   * later folds, redefinitions and switches, are refused with StoreUnavailableError until that host takes over itself,
   * even if it has refreshed meanwhile. Hosts of other owners are not affected. Read a generation's progress again
   * before folding it. Does nothing if one process hosts the table.
   */
  takeOver(): Promise<void>;
  /** Reads which generations are live, since another host may have switched. */
  refresh(): Promise<void>;
  /**
   * The generation that answers queries here: the live one of this host's owner; while it has none, the one that became
   * live last, which this host cannot fold. A query notices by itself that another host has switched.
   */
  live(): Generation;
  /** The live generations of all owners, the one that became live last first. */
  lives(): Promise<LiveGeneration[]>;
  /** A new and empty generation of this owner beside the live one. */
  build(fields: Fields, origin?: Origin): Promise<Generation>;
  /**
   * A generation of this owner with the rows, parked events and checkpoint of `live()` as of one moment, and with these
   * fields: a field that the live one lacks is null in every row. No event is folded for it. Queries and commits of the
   * live one, which may be another owner's, continue. Fields with the same name need the same type, and added ones are
   * not `required`. Leaves nothing if it fails. @throws DuplicateRowError if two rows have one value of a unique field;
   *   StoreUnavailableError if another host has dropped the live one meanwhile
   */
  copy(fields: Fields, origin: Origin): Promise<Generation>;
  /**
   * Makes the generation the live one of this owner, in one step that a crash finds done or not done, and drops the
   * owner's old one. Those of other owners stay.
   */
  switchTo(generation: Generation): Promise<void>;
  /** Drops a generation that is not live. */
  drop(generation: Generation): Promise<void>;
  /**
   * Drops the live generation and the builds of another owner, whose hosts are gone. If one is not gone, its later
   * commits and switches are refused with StoreUnavailableError, and its queries are answered by another live
   * generation; it has to take over, and to build again. Does nothing if the owner has none, if no other owner has a
   * live generation (the last one stays), for this host's own owner, or if one process hosts the table.
   */
  dropOwner(owner: string): Promise<void>;

  /**
   * Copies the live generation as of one moment, with rows, parked events and checkpoint, into files in `folder`, which
   * exists and is empty. Folding and queries continue. Resolves when the files are on the disk.
   */
  backup(folder: string): Promise<TableBackup>;
  /**
   * Builds a generation of this owner with the content of a backup, except for its origin's `requestId`. The backup may
   * have been made by hosts of another owner.
   * @throws SnapshotDamagedError if the files do not have this checksum; the backup is not changed
   */
  restore(folder: string, checksum: string, requestId: string): Promise<Generation>;
}

/** The origin of a generation without a description. */
export const noOrigin: Origin = { definition: "", requestId: "" };
