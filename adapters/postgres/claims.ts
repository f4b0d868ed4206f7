import {
  Claims,
  type ClaimFold,
  type ClaimPage,
  type ClaimScope,
  type FoldedClaims,
  type LogClaims,
} from "../../core/log/claims.ts";
import { keptClaim } from "../../core/log/kept-claim.ts";
import { claimPageInSql, claimsInSql, ReadClaims, type ClaimsRead } from "./kept-claims.ts";
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
    return this.#change(scope, [], (claims, head) => claims.begin(scope, definition, types, head));
  }

  fold(fold: ClaimFold): Promise<FoldedClaims | null> {
    const values = fold.changes.map(({ value }) => value);
    return this.#change(fold.scope, values, (claims) => claims.fold(fold));
  }

  async claimants(scope: string, values: readonly string[]): Promise<Record<string, string>> {
    const { rows } = await this.#connections.query(
      `SELECT value, stream FROM ${this.#schema}.claims WHERE scope = $1 AND value = ANY($2)`,
      [scope, values.map(keptClaim)],
    );
    const streams = new Map(rows as [string, string][]);
    const found = values.map((value) => [value, streams.get(keptClaim(value))] as const);
    return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  }

  async scopes(): Promise<string[]> {
    const { rows } = await this.#connections.query(`SELECT scope FROM ${this.#schema}.claim_scopes ORDER BY scope`);
    return rows.map(([scope]) => scope as string);
  }

  async page(scope: string, { after = "", limit }: { after?: string; limit: number }): Promise<ClaimPage | null> {
    const { rows } = await this.#connections.query(claimPageInSql(this.#schema), [scope, after, limit]);
    if (rows.length === 0) return null;
    const [definition, position, claims] = rows[0] as [string, number, [string, string][] | null];
    return { definition, position, claims: (claims ?? []).map(([value, stream]) => ({ value, stream })) };
  }

  #change<Result>(
    scope: string,
    values: readonly string[],
    change: (claims: Claims, head: number) => Result,
  ): Promise<Result> {
    return this.#connections.transaction(async (session) => {
      const { rows } = await session.query(
        `SELECT position, ${claimsInSql(this.#schema, "$1", "$2")} FROM ${this.#schema}.head`,
        [values.map(() => scope), values.map(keptClaim)],
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
