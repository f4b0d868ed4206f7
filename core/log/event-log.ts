import type { AppendRelay } from "./append-relay.ts";
import type { AppendRequest } from "./append-request.ts";
import type { OnDamaged } from "../event/damaged-event.ts";
import type { LogClaims } from "./claims.ts";
import type { LogControl } from "./control.ts";
import type { LogLinks } from "./links.ts";
import type { Query } from "../query/query.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** What an engine says of itself; the contract suite checks each claim. */
export interface LogCapabilities {
  /** What an acknowledged append survives: the death of the process, or a power cut as well. */
  durability: "process" | "power" | "none";
  /** One process hosts the log (SQLite, memory), or any number of nodes share it. */
  hosts: "one" | "many";
  /** The engine can write a copy of the log into a file while appends go on. */
  backup: boolean;
}

/** How much a host has of what it makes of the log on a server before it can answer, and how much there is: records. */
export interface Building {
  done: number;
  total: number;
}

/** What a backup holds. */
export interface LogBackup {
  /** The position of its last event; it holds all up to there. */
  position: number;
  /** The size of its file. */
  bytes: number;
}

/** The verdict on one append of a commit: each has its own, so a conflict fails nobody else. */
export type AppendVerdict =
  /** `isAnnounced`: another host has committed it, and told of it. */
  { events: RecordedEvent[]; repeated: boolean; isAnnounced?: boolean } | { error: Error };

/** What becomes of a log that is not there yet. */
export interface OpenOptions {
  /** Its identity: that of the log of which it is to be a copy. Left out, a new one. A log that is there keeps its own. */
  identity?: string;
  /** False: it is not made, and `open` is refused with UnusableStoreError. */
  create?: boolean;
  /** Is called with what an operator should know although the log can be opened, also later, while it is open. */
  warn?: (message: string) => void;
  /** Is called with each step of an opening that takes long. What it throws ends the opening. */
  onProgress?: (building: Building) => void;
}

export interface ReadOptions {
  /** Only events after this position; backward: before it. */
  after: number;
  /** At most this many events. */
  limit: number;
  /** Newest first. */
  backward?: boolean;
  /** Left out: every type. Called once per event, so it must be fast. */
  wanted?: (type: string) => boolean;
  category?: string;
  /** Is told of events that are damaged, which are in the page with an empty payload; left out, the first one fails the read. */
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
  /** How far the log was looked through: the next page starts here. Beyond the last event where others were passed over. */
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

/** So many events added at once are many: see `refreshStatistics`. */
export const manyEvents = 10_000;

/**
 * The port of an engine that keeps the log.
 *
 * The laws it answers for: a commit is all or nothing and durable (1), versions are contiguous (2),
 * positions rise by one in commit order and never appear late (3), stored events never change (9). What an append claims
 * is checked and kept in its own commit, after repeats and versions.
 * Every method, of the parts too, throws StoreUnavailableError if the engine does not respond or the log is not open.
 */
export interface EventLog {
  readonly engine: string;
  /** Its place, for messages: no password in it. */
  readonly location: string;
  readonly capabilities: LogCapabilities;
  /**
   * While this host has so much to make up for that calls would wait for long; null while it has not. Left out where a
   * host makes nothing of the log.
   */
  readonly building?: Building | null;
  readonly control: LogControl;
  readonly claims: LogClaims;
  readonly links: LogLinks;

  /**
   * Leaves nothing open where it fails.
   * @throws UnusableStoreError where somebody has to act: the start fails; StoreUnavailableError: it is tried again
   */
  open(options?: OpenOptions): Promise<void>;
  close(): Promise<void>;

  /** Given when the log was created and kept for ever, also in copies: a table that was folded from another log is noticed. */
  identity(): Promise<string>;

  /**
   * Stores many appends in one commit and answers a verdict for each, in their order. Within the commit an append
   * sees those before it. If the commit itself fails, nothing of it is stored and the promise is rejected.
   */
  append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]>;

  /**
   * Tells of commits while the log is open, other hosts' too, up to which position they reach: a hint, which may come
   * twice or never. Left out where the engine says nothing.
   */
  watch?(tell: (position: number) => void): void;

  /**
   * Tells the log how its other hosts are reached, before it is opened: appends may be sent to one of them. Left out where
   * hosts that append at the same time do not slow one another down.
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
  /** In the order of their names, after the stream `after`. */
  streams(options: { category?: string; after?: string; limit: number }): Promise<StreamSummary[]>;

  /**
   * Takes note of how much there is, after many events were added at once, so that reads are planned by it. Appends go
   * on. Left out where an engine plans nothing, or always the same.
   */
  refreshStatistics?(): Promise<void>;

  /**
   * Copies the log as it is at one moment into the new file `to`, from which it can be opened again, while appends go
   * on; the copy is opened and verified before it gets its name. `onProgress` is told bytes. One at a time.
   * @throws UnusableStoreError where the engine declares `backup: false`; ValidationError naming `to` where something
   *   stands there already or nothing can be written; StoreUnavailableError: full disk, closed meanwhile, one is running
   */
  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup>;
}
