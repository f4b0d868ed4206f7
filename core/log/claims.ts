import { ClaimsBehindError, DuplicateClaimError } from "./claim-errors.ts";
import { keptClaim } from "./kept-claim.ts";
import { compareText } from "../text/text-order.ts";

/** Limits of one call between a decider and a store: each list is processed synchronously. */
export const maxClaimTypes = 1000;
export const maxClaimValues = 1000;
export const maxClaimChanges = 10_000;

/** A value that a stream claims or releases. */
export interface ClaimChange {
  value: string;
  claimed: boolean;
}

/**
 * The changes that an append's events make in one scope, in their order. An empty list says that the events were
 * checked and change nothing.
 */
export interface ScopedClaims {
  /** Within a scope a value is claimed by one stream at most. */
  scope: string;
  /** Identifies the functions that computed the changes: values of other functions must not be mixed with them. */
  definition: string;
  changes: readonly ClaimChange[];
}

/**
 * How far a scope's claims are folded. An append of events of its types contains their claims. Events that were stored
 * without (imported, or appended without a decider) are unfolded: nothing can be claimed until they are folded.
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
  definition: string;
  /** The claims include all events up to here. */
  position: number;
  /** In the order of the values' UTF-8 bytes. Each value is in stored form: see `keptClaim`. */
  claims: readonly { value: string; stream: string }[];
}

/** Of a page, without its claims. */
export type ClaimReach = Omit<ClaimPage, "claims">;

/**
 * The values that streams have claimed. Appends change them in their own commit; these methods begin, fold and read
 * scopes.
 */
export interface LogClaims {
  /**
   * Claims in one scope follow this definition from now on. If it had another, or none, no value is claimed any more, and
   * all events up to the head are unfolded: they are to be folded before anything can be claimed.
   */
  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope>;
  /**
   * Applies the changes of unfolded events; a value that another stream has claimed stays with it. Null if the scope is
   * not, or no longer, at `after` with this definition.
   */
  fold(fold: ClaimFold): Promise<FoldedClaims | null>;
  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>>;
  /** The scopes that have begun, in the order of their UTF-8 bytes. */
  scopes(): Promise<string[]>;
  /**
   * The claims of a scope after the value `after`, as of one moment, which is never earlier than that of a page that
   * was read before. A page may be short: only an empty one is the end. Null for a scope that has not begun.
   */
  page(scope: string, options: { after?: string; limit: number }): Promise<ClaimPage | null>;
}

/** What `Claims` needs of an append. */
interface Claiming {
  stream: string;
  events: readonly { type: string }[];
  claims?: readonly ScopedClaims[];
}

/** Where an engine stores claims. Changes are part of the running commit. Values are those that `keptClaim` returns. */
export interface KeptClaims {
  scopes(): Iterable<readonly [string, ClaimScope]>;
  saveScope(scope: string, state: ClaimScope): void;
  claimantOf(scope: string, value: string): string | undefined;
  claim(scope: string, value: string, stream: string): void;
  release(scope: string, value: string): void;
  clear(scope: string): void;
}

/**
 * The values that must be unique across all streams. They are checked and stored in the commit of the events that claim
 * them.
 */
export class Claims {
  readonly #kept: KeptClaims;
  readonly #scopes = new Map<string, ClaimScope & { isAbout: (type: string) => boolean }>();

  constructor(kept: KeptClaims) {
    this.#kept = kept;
    this.reload();
  }

  /** Discards the state in memory after a failed commit. */
  reload(): void {
    this.#scopes.clear();
    for (const [scope, state] of this.#kept.scopes()) this.#know(scope, state);
  }

  #know(scope: string, state: ClaimScope): ClaimScope {
    const types = new Set(state.types);
    this.#scopes.set(scope, { ...state, isAbout: (type) => types.has(type) });
    return state;
  }

  /** Why the append cannot be stored; null if its claims are free or its own stream has them. */
  refusalOf({ stream, claims = [] }: Claiming): Error | null {
    for (const { scope, definition, changes } of claims) {
      const known = this.#scopes.get(scope);
      if (!known || known.definition !== definition || known.unfolded > known.position)
        return new ClaimsBehindError(scope);
      for (const { value, claimed } of changes) {
        const claimant = claimed ? this.#kept.claimantOf(scope, keptClaim(value)) : undefined;
        if (claimant !== undefined && claimant !== stream)
          return new DuplicateClaimError(scope, value, stream, claimant);
      }
    }
    return null;
  }

  /** Applies the claims of an append that was stored with its first event at this position. */
  stored({ stream, events, claims = [] }: Claiming, first: number): void {
    for (const { scope, changes } of claims) for (const change of changes) this.#change(scope, { ...change, stream });
    for (const [scope, state] of this.#scopes) {
      if (claims.some((told) => told.scope === scope)) continue;
      const last = events.findLastIndex(({ type }) => state.isAbout(type));
      if (last < 0) continue;
      const isWhole = state.unfolded <= state.position;
      this.#save(scope, { ...state, position: isWhole ? first - 1 : state.position, unfolded: first + last });
    }
  }

  #save(scope: string, { definition, types, position, unfolded }: ClaimScope): ClaimScope {
    const state = { definition, types, position, unfolded };
    this.#kept.saveScope(scope, state);
    return this.#know(scope, state);
  }

  /** Returns the stream that has a value to be claimed, if it is another stream. */
  #change(scope: string, { value: given, claimed, stream }: ClaimChange & { stream: string }): string | null {
    const value = keptClaim(given);
    const claimant = this.#kept.claimantOf(scope, value);
    if (claimed && claimant === undefined) this.#kept.claim(scope, value, stream);
    if (!claimed && claimant === stream) this.#kept.release(scope, value);
    return claimed && claimant !== undefined && claimant !== stream ? claimant : null;
  }

  /** In the order of their names' UTF-8 bytes. */
  scopes(): string[] {
    return [...this.#scopes.keys()].toSorted(compareText);
  }

  /** How far the claims of a scope are folded in a log that ends at `head`; null for a scope that has not begun. */
  reachOf(scope: string, head: number): ClaimReach | null {
    const known = this.#scopes.get(scope);
    if (!known) return null;
    const { definition, position, unfolded } = known;
    return { definition, position: unfolded > position ? position : head };
  }

  isOf(scope: string, definition: string): boolean {
    return this.#scopes.get(scope)?.definition === definition;
  }

  /** Begins a scope. If it had another definition, it is emptied: all events up to the head are unfolded. */
  begin(scope: string, definition: string, types: readonly string[], head: number): ClaimScope {
    const known = this.#scopes.get(scope);
    if (known?.definition === definition) return this.#stateOf(known);
    this.#kept.clear(scope);
    return this.#save(scope, { definition, types, position: 0, unfolded: head });
  }

  #stateOf({ definition, types, position, unfolded }: ClaimScope): ClaimScope {
    return { definition, types, position, unfolded };
  }

  /** Null if the scope is not, or no longer, at `after` with this definition. */
  fold(fold: ClaimFold): FoldedClaims | null {
    const { scope, definition, after, position, changes } = fold;
    const known = this.#scopes.get(scope);
    if (known?.definition !== definition || known.position !== after || position < after) return null;
    const twice = changes.flatMap((change) => {
      const claimant = this.#change(scope, change);
      return claimant === null ? [] : [{ value: change.value, stream: change.stream, claimant }];
    });
    return { state: this.#save(scope, { ...known, position }), twice };
  }

  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, values: readonly string[]): Record<string, string> {
    const found = values.map((value) => [value, this.#kept.claimantOf(scope, keptClaim(value))] as const);
    return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }
}
