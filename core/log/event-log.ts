import type { AppendRelay } from "./append-relay.ts";
import type { AppendRequest } from "./append-request.ts";
import type { OnDamaged } from "../event/damaged-event.ts";
import type { ClaimFold, ClaimPage, ClaimScope, TwiceClaimed } from "./claims.ts";
import type { Linked } from "./links.ts";
import type { Query } from "../query/query.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** The capabilities that an engine declares; the contract suite checks each of them. */
export interface LogCapabilities {
  /** Whether an acknowledged append survives only the death of the process, or a power cut, too. */
  durability: "process" | "power" | "none";
  /** One process hosts the log (SQLite, memory), or any number of nodes share it. */
  hosts: "one" | "many";
  /** The engine can write a copy of the log into a file while appends go on. */
  backup: boolean;
}

/** The progress of an index that a host builds from a server's log before it can respond, in records. */
export interface Building {
  done: number;
  total: number;
}

/** The result of a backup. */
export interface LogBackup {
  /** The position of its last event; all events up to it are included. */
  position: number;
  /** The size of its file. */
  bytes: number;
}

/** The verdict on one append of a commit. Each append has its own, so a conflict fails no other. */
export type AppendVerdict =
  /** `isAnnounced`: another host has committed it, and notified this one. */
  { events: RecordedEvent[]; repeated: boolean; isAnnounced?: boolean } | { error: Error };

/** Options of opening a log. */
export interface OpenOptions {
  /**
   * The identity of a new log, if it is to be a copy of another one. Default: a new identity. An existing log keeps its
   * own.
   */
  identity?: string;
  /** False: the log is not created, and `open` rejects with UnusableStoreError. */
  create?: boolean;
  /** Called with messages for an operator that do not prevent opening; also later, while the log is open. */
  warn?: (message: string) => void;
  /** Called with the progress of a long opening. An error that it throws ends the opening. */
  onProgress?: (building: Building) => void;
}

export interface ReadOptions {
  /** Only events after this position; backward: before it. */
  after: number;
  /** At most this many events. */
  limit: number;
  /** Newest first. */
  backward?: boolean;
  /** Default: every type. Called once per event, so it must be fast. */
  wanted?: (type: string) => boolean;
  category?: string;
  /**
   * Called with each damaged event, which is in the page with an empty payload. If omitted, the first one fails the
   * read.
   */
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
  /**
   * The position up to which the log was read: the next page starts here. It is beyond the last event if others were
   * skipped.
   */
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

/** A stream that holds links. */
export type LinkedStream = Pick<StreamSummary, "stream" | "version">;

/** A value under a key, with the number of its change, for compare-and-set. */
export interface Versioned {
  value: unknown;
  revision: number;
}

/** So many events added at once are many: see `refreshStatistics`. */
export const manyEvents = 10_000;

/** Control state under its key. */
export interface KeyedState extends Versioned {
  key: string;
}

/** The right to do one job alone. Whoever writes under it names the epoch, so that a holder that slept too long writes nothing. */
export interface Lease {
  name: string;
  holder: string;
  /** Rises with every new holder. */
  epoch: number;
}

/** A lease that another holder has. */
export interface HeldLease {
  holder: string;
  /** Another text after each renewal. */
  mark: string;
  /** For so long after a renewal its holder acts on it, by the holder's own clock. */
  ttlMs: number;
}

/** The lease, or how another holder has it. */
export type LeaseAnswer = { lease: Lease; heldBy: null } | { lease: null; heldBy: HeldLease };

/**
 * The port of an engine that keeps the log.
 *
^ * The laws that it keeps: a commit is all or nothing and durable (1), versions are contiguous (2),
 * positions rise by one in commit order and never appear late (3), stored events never change (9). What an append claims
 * is checked and kept in its own commit, after repeats and versions.
 * Every method fails with StoreUnavailableError where the engine does not answer.
 */
export interface EventLog {
  readonly engine: string;
  /** Its location, for messages, without a password. */
  readonly location: string;
  readonly capabilities: LogCapabilities;
  /**
   * Set while this host builds its index and calls would wait for long; otherwise null. Omitted if a host builds
   * nothing.
   */
  readonly building?: Building | null;

  /**
   * Leaves nothing open if it fails.
   * @throws UnusableStoreError if an operator has to act: the start fails; StoreUnavailableError: opening is retried
   */
  open(options?: OpenOptions): Promise<void>;
  close(): Promise<void>;

  /**
   * Assigned when the log is created, and never changed, also in copies: shows that a table was folded from another
   * log.
   */
  identity(): Promise<string>;

  /**
   * Stores many appends in one commit and returns a verdict for each, in order. Within the commit an append sees those
   * before it. If the commit itself fails, nothing of it is stored and the promise rejects.
   */
  append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]>;

  /**
   * Notifies of commits while the log is open, including those of other hosts, with the position of the last event: a
   * hint, which may come twice or never. Omitted if the engine cannot notify.
   */
  watch?(tell: (position: number) => void): void;

  /**
   * Connects the log with its other hosts, before it is opened: appends may be relayed to one of them. Omitted if
   * concurrent hosts do not slow one another down.
   */
  relayAppends?(relay: AppendRelay): void;

  /** The position of the last event, 0 in an empty log. */
  head(): Promise<number>;
  read(options: ReadOptions): Promise<Page>;
  /** For a stream of links: versions are those of the links, and each event has its `link`. */
  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]>;
  /**
   * Puts events that are stored into a second stream, in the order of their ids, behind those that it holds; one that is
   * in it already is passed over. All or nothing, and durable as an append. Takes no position, changes no event.
   * @throws EntityNotFoundError with the first id that no event has; MixedStreamError where the stream has events of its
   *   own. An append to a stream of links is refused with MixedStreamError, also where both come at once.
   */
  link(stream: string, ids: readonly string[]): Promise<Linked>;
  /** The streams of links, in the order of their names, after the stream `after`, each with the version of its last link. */
  linkedStreams(options: { after?: string; limit: number }): Promise<LinkedStream[]>;
  find(query: Query): Promise<RecordedEvent[]>;
  count(query: Query): Promise<number>;
  findByIds(ids: readonly string[]): Promise<RecordedEvent[]>;
  /** In the order of their names, after the stream `after`. */
  streams(options: { category?: string; after?: string; limit: number }): Promise<StreamSummary[]>;

  /** Control state (checkpoints, paused, parked …): null where the key was never written. */
  getState(key: string): Promise<Versioned | null>;
  /**
   * Writes only if the key is still at `revision` (0: never written) and, where a lease is given, only if it is still
   * held at that epoch. Answers the new revision, or null where somebody else was first. The value `undefined` removes
   * the key: its revision is 0 again.
   */
  putState(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null>;
  /** The keys that begin with `prefix`, in the order of their UTF-8 bytes, after the key `after`. */
  states(options: { prefix: string; after?: string; limit: number }): Promise<KeyedState[]>;

  /**
   * Claims in one scope from now on follow this definition. Where it had another, or none, nothing is held any more, and
   * all events up to the head are unfolded: they are to be folded before anything can be claimed.
   */
  beginClaims(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope>;
  /**
   * Takes and gives back what unfolded events do; a value that another stream holds stays with it. Null where the scope is
   * not, or no longer, at `after` and of the definition.
   */
  foldClaims(fold: ClaimFold): Promise<{ state: ClaimScope; twice: TwiceClaimed[] } | null>;
  /** Which streams hold these values; values that nobody holds are left out. */
  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>>;
  /** The scopes that were begun, in the order of their UTF-8 bytes. */
  claimScopes(): Promise<string[]>;
  /**
   * The claims of a scope after the value `after`, as they are at one moment, which is never earlier than that of a page
   * that was read before. A page may be short: only an empty one is the end. Null for a scope that was never begun.
   */
  claims(scope: string, options: { after?: string; limit: number }): Promise<ClaimPage | null>;

  /**
   * Takes the lease where it is free, or renews that of the same holder under the same epoch. No engine looks at a clock:
   * a waiting node measures by its own how long the mark of another holder stays the same. After that one's `ttlMs` it
   * names the mark as `lapsed`, and the lease is taken over if it still has that mark.
   */
  acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer>;
  /** Frees it, if it is still held at its epoch. */
  releaseLease(lease: Lease): Promise<void>;

  /**
   * Updates the statistics by which reads are planned, after many events were added at once. Appends continue. Omitted
   * if an engine plans without statistics.
   */
  refreshStatistics?(): Promise<void>;

  /**
   * Copies the log as of one moment into the new file `to`, which can be opened as a log; appends continue. The copy is
   * opened and verified before it gets its name. `onProgress` receives bytes. One backup runs at a time.
   * @throws UnusableStoreError if the engine declares `backup: false`; ValidationError naming `to` if it exists already
   * or cannot be written; StoreUnavailableError: full disk, closed meanwhile, another backup is running
   */
  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup>;
}
