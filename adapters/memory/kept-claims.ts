import type { KeptClaims, KeptScope } from "../../core/log/claims.ts";
import type { ClaimPage } from "../../core/log/log-claims.ts";
import { ClaimsInOrder } from "./claims-in-order.ts";

interface Generation {
  scope: KeptScope;
  /** Value → stream. */
  streams: Map<string, string>;
  /** Stream → values. */
  values: Map<string, Set<string>>;
}

/** The claims of a log in memory. The changes of a commit can be undone until the next commit begins. */
export class MemoryKeptClaims implements KeptClaims {
  readonly #generations = new Map<string, Generation>();
  readonly #inOrder = new ClaimsInOrder();
  #undo: (() => void)[] = [];

  *scopes(): Iterable<readonly [string, KeptScope]> {
    for (const [generation, { scope }] of this.#generations) yield [generation, scope];
  }

  /** Starts recording the changes of a commit. */
  begin(): void {
    this.#undo = [];
  }

  takeBack(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#undo = [];
  }

  saveScope(generation: string, scope: KeptScope): void {
    const before = this.#generations.get(generation);
    this.#undo.push(() => (before ? this.#generations.set(generation, before) : this.#generations.delete(generation)));
    this.#generations.set(generation, {
      streams: new Map<string, string>(),
      values: new Map<string, Set<string>>(),
      ...before,
      scope,
    });
  }

  removeScope(generation: string): void {
    this.#generations.delete(generation);
  }

  claimantOf(generation: string, value: string): string | undefined {
    return this.#generations.get(generation)?.streams.get(value);
  }

  page(generation: string, options: { after?: string; limit: number }, position: number): Promise<ClaimPage> {
    const streams = this.#generations.get(generation)?.streams ?? [];
    const now = () => ({ position, claims: Array.from(streams, ([value, stream]) => ({ value, stream })) });
    return this.#inOrder.page(generation, options, now);
  }

  claim(generation: string, value: string, stream: string): void {
    this.#add(generation, value, stream);
    this.#undo.push(() => this.#delete(generation, value, stream));
  }

  release(generation: string, value: string): void {
    const stream = this.claimantOf(generation, value);
    if (stream === undefined) return;
    this.#delete(generation, value, stream);
    this.#undo.push(() => this.#add(generation, value, stream));
  }

  releaseAll(generation: string, stream: string): void {
    for (const value of this.#generations.get(generation)?.values.get(stream) ?? []) this.release(generation, value);
  }

  #add(generation: string, value: string, stream: string): void {
    const { streams, values } = this.#generations.get(generation)!;
    streams.set(value, stream);
    const own = values.get(stream);
    if (own) own.add(value);
    else values.set(stream, new Set([value]));
  }

  #delete(generation: string, value: string, stream: string): void {
    const { streams, values } = this.#generations.get(generation)!;
    streams.delete(value);
    const own = values.get(stream);
    own?.delete(value);
    if (own?.size === 0) values.delete(stream);
  }
}
