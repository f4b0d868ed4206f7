import type { ClaimFold, ClaimPage, ClaimScope, FoldedClaims, LogClaims } from "../../../core/log/claims.ts";
import type { Appender } from "./appender.ts";

/** The claims of a chained log: reads use the index; changes without an append are commits of their own. */
export class ChainedClaims implements LogClaims {
  readonly #appender: Appender;

  constructor(appender: Appender) {
    this.#appender = appender;
  }

  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope> {
    return this.#appender.commit((log) => {
      const isKnown = log.claims.isOf(scope, definition);
      const answer = log.claims.begin(scope, definition, types, log.head);
      return { answer, change: isKnown ? null : { beginClaims: { scope, definition, types } } };
    });
  }

  fold(fold: ClaimFold): Promise<FoldedClaims | null> {
    return this.#appender.commit(({ claims }) => {
      const answer = claims.fold(fold);
      return { answer, change: answer && { foldClaims: fold } };
    });
  }

  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>> {
    return this.#appender.index.readLatest(({ claims }) => claims.claimants(scope, values));
  }

  scopes(): Promise<string[]> {
    return this.#appender.index.readLatest(({ claims }) => claims.scopes());
  }

  page(scope: string, options: { after?: string; limit: number }): Promise<ClaimPage | null> {
    return this.#appender.index.readLatest(({ parts }) => parts.claims.page(scope, options));
  }
}
