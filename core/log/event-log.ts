import type { AppendRelay } from "./append-relay.ts";
import type { AppendRequest } from "./append-request.ts";
import type { OnDamaged } from "../event/damaged-event.ts";
import type { LogClaims } from "./log-claims.ts";
import type { LogControl } from "./control.ts";
import type { LogLinks } from "./links.ts";
import type { Query } from "../query/query.ts";
import type { Debug } from "../text/state-log.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** What an engine promises; the contract suite checks it. */
export interface LogCapabilities {
  /** What an acknowledged append survives: the death of the process, or even a power cut. */
  durability: "process" | "power" | "none";
  /** One process hosts the log (SQLite, memory), or any number of nodes share it. */
  hosts: "one" | "many";
  /** The engine can write a copy of the log into a file while appends go on. */
  backup: boolean;
}

/** How many records of a log on a server a host has processed before it can respond, and how many there are. */
export interface Building {
  done: number;
  total: number;
}

export interface LogBackup {
  /** The position of its last event. */
  position: number;
  /** The size of its file. */
  bytes: number;
}

/** The verdict on one append of a commit. A conflict does not affect the other appends. */
export type AppendVerdict =
  /** `isAnnounced`: another host has committed it, and has announced it. */
  { events: RecordedEvent[]; repeated: boolean; isAnnounced?: boolean } | { error: Error };

export interface OpenOptions {
  /** Of a log that is created: that of the log of which it will be a copy. Omitted: a new one. */
  identity?: string;
  /** False: a log that does not exist is not created, and `open` throws UnusableStoreError. */
  create?: boolean;
  /** Is called with what an operator should know, even if the log can be opened; also while it is open. */
  warn?: (message: string) => void;
  /** Is called at each change of an inner state, with its name, the state before and after, and details. */
  debug?: Debug;
  /** Is called with each step of an opening that takes long. An error that it throws ends the opening. */
  onProgress?: (building: Building) => void;
}

export interface ReadOptions {
  /** Only events after this position; backward: before it. */
  after: number;
  /** At most this many events. */
  limit: number;
  /** Newest first. */
  backward?: boolean;
  /** Omitted: every type. Called once per event, so it must be fast. */
  wanted?: (type: string) => boolean;
  category?: string;
  /** Is called with each damaged event, which the page contains with an empty payload. Omitted: the read throws. */
  onDamaged?: OnDamaged;
}

export interface ReadStreamOptions {
  /** Only events after this version; backward: before it. */
  afterVersion: number;
  limit: number;
  backward?: boolean;
  wanted?: (type: string) => boolean;
  /** As for `read`. */
  onDamaged?: OnDamaged;
}

export interface Page {
  events: RecordedEvent[];
  /** How far the page looked, past unwanted events too. The next page starts here. */
  position: number;
  /** Nothing lay beyond `position` in the direction of reading when the page was read. */
  end: boolean;
}

export interface StreamSummary {
  stream: string;
  version: number;
  /** Time of its last event. */
  time: string;
}

/** A type of stored events, by the name under which they are stored. */
export interface EventType {
  type: string;
  /** How many events have it. */
  count: number;
}

/** Streams in the order of their names, after the stream `after`. */
export interface StreamRange {
  category?: string;
  after?: string;
  limit: number;
}

/** From so many events that are added at once, `refreshStatistics` is called. */
export const manyEvents = 10_000;

/**
 * The port of an engine that stores the log.
 *
 * Its laws: a commit is all or nothing and durable (1), versions are contiguous (2),
 * positions rise by one in commit order and never appear late (3), stored events never change (9). What an append claims
 * is checked and kept in its own commit, after repeats and versions.
 * Every method, of the parts too, throws StoreUnavailableError if the engine does not respond or the log is not open.
 */
export interface EventLog {
  readonly engine: string;
  /** Its place as errors name it, without a password. */
  readonly location: string;
  readonly capabilities: LogCapabilities;
  /**
   * Not null while this host is so far behind the log on the server that calls would wait for long. Omitted by engines
   * that respond at once.
   */
  readonly building?: Building | null;
  readonly control: LogControl;
  readonly claims: LogClaims;
  readonly links: LogLinks;

  /**
   * Leaves nothing open if it throws.
   * @throws UnusableStoreError if an operator has to act: the start fails; StoreUnavailableError: the caller retries
   */
  open(options?: OpenOptions): Promise<void>;
  close(): Promise<void>;

  /** Created with the log and never changed, not even in copies: it shows that a table was folded from another log. */
  identity(): Promise<string>;

  /**
   * Stores many appends in one commit and returns a verdict for each, in their order. Within the commit an append
   * sees those before it. If the commit itself fails, nothing of it is stored and the promise is rejected.
   */
  append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]>;

  /**
   * While the log is open, calls `tell` with a position up to which any host has committed: a hint, which may come twice
   * or never. Omitted by engines without notifications.
   */
  watch?(tell: (position: number) => void): void;

  /**
   * Called before `open`, with the way to the log's other hosts: appends may be sent to one of them. Omitted if hosts
   * that append at the same time do not slow one another down.
   */
  relayAppends?(relay: AppendRelay): void;

  /** The position of the last event, 0 in an empty log. */
  head(): Promise<number>;
  read(options: ReadOptions): Promise<Page>;
  /** Of a stream of links: by the links' versions, and each event with its `link`. */
  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]>;
  find(query: Query): Promise<RecordedEvent[]>;
  count(query: Query): Promise<number>;
  findByIds(ids: readonly string[]): Promise<RecordedEvent[]>;
  streams(range: StreamRange): Promise<StreamSummary[]>;
  /** The first `limit` stored types in the order of their names. The time does not grow with the number of events. */
  types(limit: number): Promise<EventType[]>;

  /**
   * Called after many events were added at once, for an engine that plans its reads by statistics. Appends go on
   * meanwhile.
   */
  refreshStatistics?(): Promise<void>;

  /**
   * Copies the log as it is at one moment into the new file `to`, from which it can be opened again, while appends go
   * on; the copy is opened and verified before it gets its name. `onProgress` is called with bytes. One at a time.
   * @throws BackupUnsupportedError if the engine declares `backup: false`; ValidationError naming `to` if the file exists or
   *   cannot be written; StoreUnavailableError: the disk is full, the log was closed, another backup is running
   */
  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup>;
}
