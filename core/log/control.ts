/** A value under a key. `revision` counts its changes, for compare-and-set. */
export interface Versioned {
  value: unknown;
  revision: number;
}

export interface KeyedState extends Versioned {
  key: string;
}

/** Keys that begin with `prefix`, in the order of their UTF-8 bytes, after the key `after`. */
export interface KeyRange {
  prefix: string;
  after?: string;
  limit: number;
}

/** The right to do one job alone. Each write under it names the epoch, so that a holder that was frozen too long writes nothing. */
export interface Lease {
  name: string;
  holder: string;
  /** Rises with every new holder. */
  epoch: number;
}

/** A lease that another holder has. */
export interface CurrentLease {
  holder: string;
  /** Another text after each renewal. */
  mark: string;
  /** How long its holder acts on a renewal, by the holder's own clock. */
  ttlMs: number;
}

/** The lease, or how another holder has it. */
export type LeaseAnswer = { lease: Lease; current: null } | { lease: null; current: CurrentLease };

/** Control state beside the events: checkpoints, pauses, parked events, processes; and the leases under which it is written. */
export interface LogControl {
  /** Null if the key has no value. */
  get(key: string): Promise<Versioned | null>;
  /**
   * Writes only if the key is still at `revision` (0: it has no value) and, with a lease, only while that lease is held
   * at its epoch. Returns the new revision, or null if another writer was first. The value `undefined` removes the key:
   * its revision is 0 again.
   */
  put(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null>;
  states(range: KeyRange): Promise<KeyedState[]>;
  /**
   * Takes the lease if it is free, or renews that of the same holder under the same epoch. No engine looks at a clock:
   * a waiting node measures by its own how long the mark of another holder stays the same. After that holder's `ttlMs` it
   * passes the mark as `lapsed`, and the lease is taken over if it still has that mark.
   */
  acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer>;
  /** Frees it, if it is still held at its epoch. */
  releaseLease(lease: Lease): Promise<void>;
}
