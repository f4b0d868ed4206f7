/** Limits of one call between a decider and a store: each list is processed synchronously. */
export const maxClaimTypes = 1000;
export const maxClaimValues = 1000;
export const maxClaimChanges = 10_000;

/** The claims of a definition that no decider has begun for so long are removed when the scope begins again. */
export const unusedMs = 24 * 60 * 60 * 1000;
/** At most so many definitions of a scope, the last used: nothing grows if each start brings another one. */
export const maxDefinitions = 8;

/** A value that a stream claims or releases. Null, with `claimed: false`, releases every value that the stream holds. */
export interface ClaimChange {
  value: string | null;
  claimed: boolean;
}

/**
 * The changes that an append's events make in one scope, in their order. An empty list says that the events were
 * checked and change nothing.
 */
export interface ScopedClaims {
  /** Within a scope a value is claimed by one stream at most. */
  scope: string;
  /** Identifies the rules that computed the changes: values of other rules must not be mixed with them. */
  definition: string;
  changes: readonly ClaimChange[];
}

/** A scope under one definition. Releases side by side may have one scope under several, each with its own claims. */
export interface ScopeName {
  scope: string;
  definition: string;
}

/**
 * How far the claims of a scope are folded under one definition. An append of events of its types contains their claims. Events that were stored
 * without (imported, or appended without a decider or by one with another definition) are unfolded: nothing can be
 * claimed until they are folded.
 */
export interface ClaimScope {
  definition: string;
  /** The event types that claim or release. */
  types: readonly string[];
  /** Its events are folded up to here, if unfolded ones follow. */
  position: number;
  /** The position of the last unfolded event. The scope is complete if this is not beyond `position`. */
  unfolded: number;
}

/** The changes of a range of the log: all events of the scope's types after `after`, up to `position`. */
export interface ClaimFold {
  scope: string;
  definition: string;
  after: number;
  position: number;
  changes: readonly (ClaimChange & { stream: string })[];
}

/** A value that two streams claim in a range of the log: the first keeps it. */
export interface TwiceClaimed {
  value: string;
  stream: string;
  claimant: string;
}

export interface FoldedClaims {
  state: ClaimScope;
  twice: TwiceClaimed[];
}

/** Claims of a scope as they were at one moment. */
export interface ClaimPage {
  /** The claims include all events up to here. */
  position: number;
  /** In the order of the values' UTF-8 bytes. Each value is in stored form: see `keptClaim`. */
  claims: readonly { value: string; stream: string }[];
}

/**
 * The values that streams have claimed. Appends change them in their own commit; these methods begin, fold and read
 * scopes.
 */
export interface LogClaims {
  /**
   * Begins a scope under a definition. If it has not begun yet, all events up to the head are unfolded: they are to be
   * folded before anything can be claimed. Claims under other definitions of the scope stay, each with its own reach,
   * until they are unused: see `unusedMs` and `maxDefinitions`.
   */
  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope>;
  /**
   * Applies the changes of unfolded events; a value that another stream has claimed stays with it. Null if the scope is
   * not, or no longer, at `after` under this definition.
   */
  fold(fold: ClaimFold): Promise<FoldedClaims | null>;
  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, definition: string, values: readonly string[]): Promise<Record<string, string>>;
  /** The scopes that have begun, each with its definitions, in the order of their UTF-8 bytes. */
  scopes(): Promise<ScopeName[]>;
  /**
   * The claims of a scope after the value `after`, as of one moment, which is never earlier than that of a page that
   * was read before. A page may be short: only an empty one is the end. Null for a scope that has not begun under this
   * definition.
   */
  page(scope: string, definition: string, options: { after?: string; limit: number }): Promise<ClaimPage | null>;
}
