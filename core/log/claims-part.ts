import type { ClaimPage, ClaimReach, Claims, LogClaims } from "./claims.ts";
import type { OpenPart } from "./log-parts.ts";

/** What an engine adds to `Claims` for the part `claims` of its log. */
export interface ClaimsOfEngine {
  head: () => number;
  /** The claims of a scope after the value `after`, as they are at this call: the log's up to the position in `reach`. */
  page: (
    scope: string,
    options: { after?: string; limit: number },
    reach: ClaimReach,
  ) => ClaimPage | Promise<ClaimPage>;
  /** Runs a change in a transaction. Omitted: the engine needs none. */
  change?: <Answer>(change: () => Answer) => Answer;
}

/** The part `claims` of an engine that reads claims synchronously: from memory, or from a local file. */
export function claimsPart(claims: Claims, engine: ClaimsOfEngine): OpenPart<LogClaims> {
  const { change = (work) => work() } = engine;
  return {
    begin: (scope, definition, types) => change(() => claims.begin(scope, definition, types, engine.head())),
    fold: (fold) => change(() => claims.fold(fold)),
    claimants: (scope, values) => claims.claimants(scope, values),
    scopes: () => claims.scopes(),
    page: (scope, options) => {
      const reach = claims.reachOf(scope, engine.head());
      return reach && engine.page(scope, options, reach);
    },
  };
}
