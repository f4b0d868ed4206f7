import { ClaimsBehindError, DuplicateClaimError } from "./claim-errors.ts";
import { keptClaim } from "./kept-claim.ts";
import {
  maxDefinitions,
  unusedMs,
  type ClaimChange,
  type ClaimFold,
  type ClaimScope,
  type FoldedClaims,
  type ScopedClaims,
  type ScopeName,
} from "./log-claims.ts";
import { compareText } from "../text/text-order.ts";

/** What `Claims` needs of an append. */
interface Claiming {
  stream: string;
  events: readonly { type: string }[];
  claims?: readonly ScopedClaims[];
}

/** A scope under one definition, as an engine stores it. */
export interface KeptScope extends ClaimScope, ScopeName {
  /** When a decider last began it, in milliseconds since 1970, to the hour. */
  usedAt: number;
}

/**
 * Where an engine stores claims. Changes are part of the running commit. Each definition of a scope has a generation of
 * its own, and values are those that `keptClaim` returns.
 */
export interface KeptClaims {
  scopes(): Iterable<readonly [generation: string, KeptScope]>;
  saveScope(generation: string, scope: KeptScope): void;
  /** Removes a scope with its claims. */
  removeScope(generation: string): void;
  claimantOf(generation: string, value: string): string | undefined;
  claim(generation: string, value: string, stream: string): void;
  release(generation: string, value: string): void;
  /** Releases every value that the stream holds. */
  releaseAll(generation: string, stream: string): void;
}

const hourMs = 60 * 60 * 1000;

/**
 * The values that must be unique across all streams. They are checked and stored in the commit of the events that claim
 * them.
 */
export class Claims {
  readonly #kept: KeptClaims;
  readonly #scopes = new Map<string, KeptScope & { isAbout: (type: string) => boolean }>();

  constructor(kept: KeptClaims) {
    this.#kept = kept;
    this.reload();
  }

  /** Discards the state in memory after a failed commit. */
  reload(): void {
    this.#scopes.clear();
    for (const [generation, scope] of this.#kept.scopes()) this.#know(generation, scope);
  }

  #know(generation: string, scope: KeptScope): void {
    const types = new Set(scope.types);
    this.#scopes.set(generation, { ...scope, isAbout: (type) => types.has(type) });
  }

  /** Why the append cannot be stored; null if its claims are free or its own stream has them. */
  refusalOf({ stream, claims = [] }: Claiming): Error | null {
    for (const { scope, definition, changes } of claims) {
      const [generation, known] = this.#of(scope, definition) ?? [];
      if (!known || known.unfolded > known.position) return new ClaimsBehindError(scope);
      for (const { value, claimed } of changes) {
        const claimant = claimed && value !== null ? this.#kept.claimantOf(generation!, keptClaim(value)) : undefined;
        if (claimant !== undefined && claimant !== stream)
          return new DuplicateClaimError(scope, value!, stream, claimant);
      }
    }
    return null;
  }

  /** Applies the claims of an append that was stored with its first event at this position. */
  stored({ stream, events, claims = [] }: Claiming, first: number): void {
    if (this.#scopes.size === 0) return;
    const folded = new Set<string>();
    for (const { scope, definition, changes } of claims) {
      const [generation] = this.#of(scope, definition) ?? [];
      if (generation === undefined) continue;
      folded.add(generation);
      for (const change of changes) this.#change(generation, { ...change, stream });
    }
    for (const [generation, scope] of this.#scopes) {
      if (folded.has(generation)) continue;
      const last = events.findLastIndex(({ type }) => scope.isAbout(type));
      if (last < 0) continue;
      const position = isComplete(scope) ? first - 1 : scope.position;
      this.#save(generation, { ...scope, position, unfolded: first + last });
    }
  }

  #of(scope: string, definition: string) {
    for (const found of this.#scopes) if (found[1].scope === scope && found[1].definition === definition) return found;
    return undefined;
  }

  #save(generation: string, known: KeptScope): ClaimScope {
    const { scope, definition, types, position, unfolded, usedAt } = known;
    const kept = { scope, definition, types, position, unfolded, usedAt };
    this.#kept.saveScope(generation, kept);
    this.#know(generation, kept);
    return stateOf(kept);
  }

  /** Returns the stream that has a value to be claimed, if it is another stream. */
  #change(generation: string, { value: given, claimed, stream }: ClaimChange & { stream: string }): string | null {
    if (given === null) {
      this.#kept.releaseAll(generation, stream);
      return null;
    }
    const value = keptClaim(given);
    const claimant = this.#kept.claimantOf(generation, value);
    if (claimed && claimant === undefined) this.#kept.claim(generation, value, stream);
    if (!claimed && claimant === stream) this.#kept.release(generation, value);
    return claimed && claimant !== undefined && claimant !== stream ? claimant : null;
  }

  /** In the order of their UTF-8 bytes. */
  scopes(): ScopeName[] {
    return Array.from(this.#scopes.values(), ({ scope, definition }) => ({ scope, definition })).toSorted(
      (a, b) => compareText(a.scope, b.scope) || compareText(a.definition, b.definition),
    );
  }

  /** Where the claims of a scope are stored, and up to where they are those of a log that ends at `head`. */
  reachOf(scope: string, definition: string, head: number): { generation: string; position: number } | null {
    const [generation, known] = this.#of(scope, definition) ?? [];
    return known ? { generation: generation!, position: isComplete(known) ? head : known.position } : null;
  }

  /** Begins a scope under a definition, and removes the definitions of the scope that are unused. */
  begin(
    { scope, definition }: ScopeName,
    types: readonly string[],
    { head, now }: { head: number; now: number },
  ): { state: ClaimScope; hasChanged: boolean } {
    const [generation, known] = this.#of(scope, definition) ?? [];
    if (known && now - known.usedAt < hourMs) return { state: stateOf(known), hasChanged: false };
    const others = [...this.#scopes].filter(([, other]) => other.scope === scope && other.definition !== definition);
    const recent = others
      // A complete one was in use until now, if only by appends.
      .map(([place, other]): [string, KeptScope] => [place, isComplete(other) ? { ...other, usedAt: now } : other])
      .toSorted(
        ([place, a], [other, b]) =>
          Number(isComplete(b)) - Number(isComplete(a)) || b.usedAt - a.usedAt || compareText(place, other),
      );
    for (const [index, [place, other]] of recent.entries()) {
      if (index < maxDefinitions - 1 && now - other.usedAt < unusedMs) this.#save(place, other);
      else {
        this.#kept.removeScope(place);
        this.#scopes.delete(place);
      }
    }
    const begun = known ?? { scope, definition, types, position: 0, unfolded: head };
    const usedAt = Math.max(now, ...others.map(([, other]) => other.usedAt + 1));
    return { state: this.#save(generation ?? this.#newGeneration(scope), { ...begun, usedAt }), hasChanged: true };
  }

  /** A number and the scope: the name of a decider, with which a scope begins, contains no space. */
  #newGeneration(scope: string): string {
    for (let number = 1; ; number++) if (!this.#scopes.has(`${number} ${scope}`)) return `${number} ${scope}`;
  }

  /** Null if the scope is not, or no longer, at `after` under this definition. */
  fold({ scope, definition, after, position, changes }: ClaimFold): FoldedClaims | null {
    const [generation, known] = this.#of(scope, definition) ?? [];
    if (!known || known.position !== after || position < after) return null;
    const twice = changes.flatMap((change) => {
      const claimant = this.#change(generation!, change);
      return claimant === null ? [] : [{ value: change.value!, stream: change.stream, claimant }];
    });
    return { state: this.#save(generation!, { ...known, position }), twice };
  }

  /** Value → the stream that holds it; values that no stream holds are omitted. */
  claimants(scope: string, definition: string, values: readonly string[]): Record<string, string> {
    const [generation] = this.#of(scope, definition) ?? [];
    if (generation === undefined) return {};
    const found = values.map((value) => [value, this.#kept.claimantOf(generation, keptClaim(value))] as const);
    return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }
}

/** No event of its types is unfolded. */
const isComplete = ({ position, unfolded }: ClaimScope) => unfolded <= position;

const stateOf = ({ definition, types, position, unfolded }: ClaimScope): ClaimScope => ({
  definition,
  types,
  position,
  unfolded,
});
