import { ClaimsBehindError, DuplicateClaimError } from "./claim-errors.ts";
import { keptClaim } from "./kept-claim.ts";
import { compareText } from "../text/text-order.ts";

/** Limits of one call between a decider and a store: each list is processed synchronously. */
export const maxClaimTypes = 1000;
export const maxClaimValues = 1000;
export const maxClaimChanges = 10_000;

/** A value that a stream takes, or gives back. */
export interface ClaimChange {
  value: string;
  held: boolean;
}

/** What the events of an append take and give back in one scope, in their order. Without changes it says that there are none. */
export interface ScopedClaims {
  /** Within a scope a value belongs to one stream. */
  scope: string;
  /** Identifies the functions that found the changes, whose claims must not be mixed with those of others. */
  definition: string;
  changes: readonly ClaimChange[];
}

/**
 * How far the claims of a scope follow the log. An append of events of its types names their claims. Events that came
 * without (imported, or appended by a caller that does not know the scope) are unfolded: until they are folded, nothing
 * can be claimed.
 */
export interface ClaimScope {
  definition: string;
  /** The events that take or give back. */
  types: readonly string[];
  /** If there are unfolded events: its events are folded up to here. */
  position: number;
  /** The last unfolded event. The scope is whole if this is not beyond `position`. */
  unfolded: number;
}

/** The changes of a stretch of the log: all events of the scope's types after `after`, up to `position`. */
export interface ClaimFold {
  scope: string;
  definition: string;
  after: number;
  position: number;
  changes: readonly (ClaimChange & { stream: string })[];
}

/** A value that a stretch of the log takes twice: the first holds it. */
export interface TwiceClaimed {
  value: string;
  stream: string;
  heldBy: string;
}

export interface FoldedClaims {
  state: ClaimScope;
  twice: TwiceClaimed[];
}

/** Claims of a scope as they were at one moment. */
export interface ClaimPage {
  definition: string;
  /** The claims are those of the log up to here. */
  position: number;
  /** In the order of the values' UTF-8 bytes, each value as it is kept: see `keptClaim`. */
  claims: readonly { value: string; stream: string }[];
}

/** Of a page, without its claims. */
export type ClaimReach = Omit<ClaimPage, "claims">;

/** The values that streams hold, beside the claims that an append takes and gives back itself. */
export interface LogClaims {
  /**
   * Claims in one scope follow this definition from now on. If it had another, or none, no value is claimed any more, and
   * all events up to the head are unfolded: they are to be folded before anything can be claimed.
   */
  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope>;
  /**
   * Takes and gives back what unfolded events do; a value that another stream holds stays with it. Null if the scope is
   * not, or no longer, at `after` and of the definition.
   */
  fold(fold: ClaimFold): Promise<FoldedClaims | null>;
  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>>;
  /** The scopes that were begun, in the order of their UTF-8 bytes. */
  scopes(): Promise<string[]>;
  /**
   * The claims of a scope after the value `after`, as they are at one moment, which is never earlier than that of a page
   * that was read before. A page may be short: only an empty one is the end. Null for a scope that was never begun.
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
  heldBy(scope: string, value: string): string | undefined;
  hold(scope: string, value: string, stream: string): void;
  free(scope: string, value: string): void;
  clear(scope: string): void;
}

/** The values that must be unique across all streams: decided and kept in the commit of the events that take them. */
export class Claims {
  readonly #kept: KeptClaims;
  readonly #scopes = new Map<string, ClaimScope & { isAbout: (type: string) => boolean }>();

  constructor(kept: KeptClaims) {
    this.#kept = kept;
    this.reload();
  }

  /** After a commit that failed. */
  reload(): void {
    this.#scopes.clear();
    for (const [scope, state] of this.#kept.scopes()) this.#know(scope, state);
  }

  #know(scope: string, state: ClaimScope): ClaimScope {
    const types = new Set(state.types);
    this.#scopes.set(scope, { ...state, isAbout: (type) => types.has(type) });
    return state;
  }

  /** Why the append cannot be stored; null if its claims are free, or held by its own stream. */
  refusalOf({ stream, claims = [] }: Claiming): Error | null {
    for (const { scope, definition, changes } of claims) {
      const known = this.#scopes.get(scope);
      if (!known || known.definition !== definition || known.unfolded > known.position)
        return new ClaimsBehindError(scope);
      for (const { value, held } of changes) {
        const heldBy = held ? this.#kept.heldBy(scope, keptClaim(value)) : undefined;
        if (heldBy !== undefined && heldBy !== stream) return new DuplicateClaimError(scope, value, stream, heldBy);
      }
    }
    return null;
  }

  /** The append was stored, its first event at this position. */
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

  /** Returns the other stream that holds a value that is to be taken; null if there is none. */
  #change(scope: string, { value: given, held, stream }: ClaimChange & { stream: string }): string | null {
    const value = keptClaim(given);
    const heldBy = this.#kept.heldBy(scope, value);
    if (held && heldBy === undefined) this.#kept.hold(scope, value, stream);
    if (!held && heldBy === stream) this.#kept.free(scope, value);
    return held && heldBy !== undefined && heldBy !== stream ? heldBy : null;
  }

  /** In the order of their names' UTF-8 bytes. */
  scopes(): string[] {
    return [...this.#scopes.keys()].toSorted(compareText);
  }

  /** Up to where the claims of a scope are those of a log that ends at `head`; null for a scope that was never begun. */
  reachOf(scope: string, head: number): ClaimReach | null {
    const known = this.#scopes.get(scope);
    if (!known) return null;
    const { definition, position, unfolded } = known;
    return { definition, position: unfolded > position ? position : head };
  }

  isOf(scope: string, definition: string): boolean {
    return this.#scopes.get(scope)?.definition === definition;
  }

  /** A scope of another definition is emptied: all events up to the head are to be folded. */
  begin(scope: string, definition: string, types: readonly string[], head: number): ClaimScope {
    const known = this.#scopes.get(scope);
    if (known?.definition === definition) return this.#stateOf(known);
    this.#kept.clear(scope);
    return this.#save(scope, { definition, types, position: 0, unfolded: head });
  }

  #stateOf({ definition, types, position, unfolded }: ClaimScope): ClaimScope {
    return { definition, types, position, unfolded };
  }

  /** Null if the scope is not, or no longer, at `after` and of the definition. */
  fold(fold: ClaimFold): FoldedClaims | null {
    const { scope, definition, after, position, changes } = fold;
    const known = this.#scopes.get(scope);
    if (known?.definition !== definition || known.position !== after || position < after) return null;
    const twice = changes.flatMap((change) => {
      const heldBy = this.#change(scope, change);
      return heldBy === null ? [] : [{ value: change.value, stream: change.stream, heldBy }];
    });
    return { state: this.#save(scope, { ...known, position }), twice };
  }

  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, values: readonly string[]): Record<string, string> {
    const found = values.map((value) => [value, this.#kept.heldBy(scope, keptClaim(value))] as const);
    return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }
}
