import type { Claims } from "./claims.ts";
import type { ClaimPage, LogClaims } from "./log-claims.ts";
import type { OpenPart } from "./log-parts.ts";

/** What an engine adds to `Claims` for the part `claims` of its log. */
export interface ClaimsOfEngine {
  head: () => number;
  /** The claims of a generation after the value `after`, as they are at this call. */
  page: (
    generation: string,
    options: { after?: string; limit: number },
    position: number,
  ) => ClaimPage | Promise<ClaimPage>;
  /** Runs a change in a transaction. Omitted: the engine needs none. */
  change?: <Answer>(change: () => Answer) => Answer;
}

/** The part `claims` of an engine that reads claims synchronously: from memory, or from a local file. */
export function claimsPart(claims: Claims, engine: ClaimsOfEngine): OpenPart<LogClaims> {
  const { change = (work) => work() } = engine;
  return {
    begin: (scope, definition, types) =>
      change(() => claims.begin({ scope, definition }, types, { head: engine.head(), now: Date.now() }).state),
    fold: (fold) => change(() => claims.fold(fold)),
    claimants: (scope, definition, values) => claims.claimants(scope, definition, values),
    scopes: () => claims.scopes(),
    page: (scope, definition, options) => {
      const reach = claims.reachOf(scope, definition, engine.head());
      return reach && engine.page(reach.generation, options, reach.position);
    },
  };
}
