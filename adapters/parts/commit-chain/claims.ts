import type {
  ClaimFold,
  ClaimPage,
  ClaimScope,
  FoldedClaims,
  LogClaims,
  ScopeName,
} from "../../../core/log/log-claims.ts";
import type { Appender } from "./appender.ts";

/** The claims of a chained log: reads use the index; changes without an append are commits of their own. */
export class ChainedClaims implements LogClaims {
  readonly #appender: Appender;

  constructor(appender: Appender) {
    this.#appender = appender;
  }

  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope> {
    return this.#appender.commit((log) => {
      const now = Date.now();
      const { state, hasChanged } = log.claims.begin({ scope, definition }, types, { head: log.head, now });
      return { answer: state, change: hasChanged ? { beginClaims: { scope, definition, types, now } } : null };
    });
  }

  fold(fold: ClaimFold): Promise<FoldedClaims | null> {
    return this.#appender.commit(({ claims }) => {
      const answer = claims.fold(fold);
      return { answer, change: answer && { foldClaims: fold } };
    });
  }

  claimants(scope: string, definition: string, values: readonly string[]): Promise<Record<string, string>> {
    return this.#appender.index.readLatest(({ claims }) => claims.claimants(scope, definition, values));
  }

  scopes(): Promise<ScopeName[]> {
    return this.#appender.index.readLatest(({ claims }) => claims.scopes());
  }

  page(scope: string, definition: string, options: { after?: string; limit: number }): Promise<ClaimPage | null> {
    return this.#appender.index.readLatest(({ parts }) => parts.claims.page(scope, definition, options));
  }
}
