import type { ClaimPage, ClaimReach, ClaimScope, KeptClaims } from "../../core/log/claims.ts";
import { ClaimsInOrder } from "./claims-in-order.ts";

/** The claims of a log in memory. The changes of a commit can be undone until the next commit begins. */
export class MemoryKeptClaims implements KeptClaims {
  readonly #scopes = new Map<string, { state: ClaimScope; streams: Map<string, string> }>();
  readonly #inOrder = new ClaimsInOrder();
  #undo: (() => void)[] = [];

  *scopes(): Iterable<readonly [string, ClaimScope]> {
    for (const [scope, { state }] of this.#scopes) yield [scope, state];
  }

  /** Starts recording the changes of a commit. */
  begin(): void {
    this.#undo = [];
  }

  takeBack(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#undo = [];
  }

  saveScope(scope: string, state: ClaimScope): void {
    const before = this.#scopes.get(scope);
    this.#undo.push(() => (before ? this.#scopes.set(scope, before) : this.#scopes.delete(scope)));
    this.#scopes.set(scope, { state, streams: before?.streams ?? new Map<string, string>() });
  }

  claimantOf(scope: string, value: string): string | undefined {
    return this.#scopes.get(scope)?.streams.get(value);
  }

  page(scope: string, options: { after?: string; limit: number }, reach: ClaimReach): Promise<ClaimPage> {
    const streams = this.#scopes.get(scope)?.streams ?? [];
    const now = () => ({ ...reach, claims: Array.from(streams, ([value, stream]) => ({ value, stream })) });
    return this.#inOrder.page(scope, options, now);
  }

  claim(scope: string, value: string, stream: string): void {
    const { streams } = this.#scopes.get(scope)!;
    streams.set(value, stream);
    this.#undo.push(() => streams.delete(value));
  }

  release(scope: string, value: string): void {
    const { streams } = this.#scopes.get(scope)!;
    const before = streams.get(value);
    if (before === undefined) return;
    streams.delete(value);
    this.#undo.push(() => streams.set(value, before));
  }

  clear(scope: string): void {
    this.#scopes.get(scope)?.streams.clear();
  }
}
