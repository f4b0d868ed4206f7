import { Claims } from "../../core/log/claims.ts";
import { keptClaim } from "../../core/log/kept-claim.ts";
import type {
  ClaimFold,
  ClaimPage,
  ClaimScope,
  FoldedClaims,
  LogClaims,
  ScopedClaims,
  ScopeName,
} from "../../core/log/log-claims.ts";
import { claimPageInSql, claimsInSql, ReadClaims, wantedClaims, type ClaimsRead } from "./kept-claims.ts";
import type { Connections } from "./connections.ts";
import { lockHead, raiseRevision } from "./event-schema.ts";

/** The claims of a log. A change raises the log's revision, so concurrent appends are decided again. */
export class PostgresClaims implements LogClaims {
  readonly #connections: Connections;
  readonly #schema: string;

  constructor(connections: Connections, schema: string) {
    this.#connections = connections;
    this.#schema = schema;
  }

  begin(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope> {
    const now = Date.now();
    return this.#change([], (claims, head) => claims.begin({ scope, definition }, types, { head, now }).state);
  }

  fold(fold: ClaimFold): Promise<FoldedClaims | null> {
    return this.#change([fold], (claims) => claims.fold(fold));
  }

  async claimants(scope: string, definition: string, values: readonly string[]): Promise<Record<string, string>> {
    const { rows } = await this.#connections.query(
      `SELECT c.value, c.stream FROM ${this.#schema}.claim_scopes s JOIN ${this.#schema}.claims c USING (generation)
       WHERE s.scope = $1 AND s.definition = $2 AND c.value = ANY($3)`,
      [scope, definition, values.map(keptClaim)],
    );
    const streams = new Map(rows as [string, string][]);
    const found = values.map((value) => [value, streams.get(keptClaim(value))] as const);
    return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }

  async scopes(): Promise<ScopeName[]> {
    const { rows } = await this.#connections.query(
      `SELECT scope, definition FROM ${this.#schema}.claim_scopes ORDER BY scope, definition COLLATE "C"`,
    );
    return (rows as [string, string][]).map(([scope, definition]) => ({ scope, definition }));
  }

  async page(
    scope: string,
    definition: string,
    { after = "", limit }: { after?: string; limit: number },
  ): Promise<ClaimPage | null> {
    const { rows } = await this.#connections.query(claimPageInSql(this.#schema), [scope, definition, after, limit]);
    if (rows.length === 0) return null;
    const [position, claims] = rows[0] as [number, [string, string][] | null];
    return { position, claims: (claims ?? []).map(([value, stream]) => ({ value, stream })) };
  }

  #change<Result>(wanted: readonly ScopedClaims[], change: (claims: Claims, head: number) => Result): Promise<Result> {
    return this.#connections.transaction(async (session) => {
      const { rows } = await session.query(
        `SELECT position, ${claimsInSql(this.#schema, ["$1", "$2", "$3"])} FROM ${this.#schema}.head`,
        wantedClaims(wanted),
      );
      const [head, scopes, claimed] = rows[0] as [number, ClaimsRead["scopes"] | null, ClaimsRead["claimed"] | null];
      const kept = new ReadClaims({ scopes: scopes ?? [], claimed: claimed ?? [] });
      const result = change(new Claims(kept), head);
      if (kept.hasChanged) {
        await kept.save(session, this.#schema);
        await session.query(raiseRevision(this.#schema));
      }
      return result;
    }, lockHead(this.#schema));
  }
}
