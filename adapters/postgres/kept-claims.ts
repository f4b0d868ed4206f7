import type { ClaimScope, KeptClaims } from "../../core/log/claims.ts";
import type { Session } from "./connections.ts";

/** The scopes, and the claimants of some values: the part of the claims that one decision needs. */
export interface ClaimsRead {
  scopes: readonly [scope: string, definition: string, types: string, position: number, unfolded: number][];
  claimed: readonly [scope: string, value: string, stream: string][];
}

const keyOf = (scope: string, value: string) => JSON.stringify([scope, value]);

/** Claims as they were read, and changes to them. `save` stores the changes in the current transaction. */
export class ReadClaims implements KeptClaims {
  readonly #scopes: Map<string, ClaimScope>;
  readonly #claimed: Map<string, string>;
  readonly #saved = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #cleared: string[] = [];

  constructor({ scopes, claimed }: ClaimsRead) {
    this.#scopes = new Map(
      scopes.map(([scope, definition, types, position, unfolded]) => [
        scope,
        { definition, types: JSON.parse(types) as string[], position, unfolded },
      ]),
    );
    this.#claimed = new Map(claimed.map(([scope, value, stream]) => [keyOf(scope, value), stream]));
  }

  get hasChanged(): boolean {
    return this.#saved.size + this.#changed.size + this.#cleared.length > 0;
  }

  scopes(): Iterable<readonly [string, ClaimScope]> {
    return this.#scopes;
  }

  saveScope(scope: string, state: ClaimScope): void {
    this.#scopes.set(scope, state);
    this.#saved.add(scope);
  }

  claimantOf(scope: string, value: string): string | undefined {
    return this.#claimed.get(keyOf(scope, value));
  }

  claim(scope: string, value: string, stream: string): void {
    this.#claimed.set(keyOf(scope, value), stream);
    this.#changed.add(keyOf(scope, value));
  }

  release(scope: string, value: string): void {
    this.#claimed.delete(keyOf(scope, value));
    this.#changed.add(keyOf(scope, value));
  }

  clear(scope: string): void {
    this.#cleared.push(scope);
    this.#claimed.clear();
  }

  async save(session: Session, schema: string): Promise<void> {
    if (this.#cleared.length > 0)
      await session.query(`DELETE FROM ${schema}.claims WHERE scope = ANY($1)`, [this.#cleared]);
    const changes = [...this.#changed].map((key) => [...(JSON.parse(key) as [string, string]), this.#claimed.get(key)]);
    const freed = changes.filter(([, , stream]) => stream === undefined);
    const claimed = changes.filter(([, , stream]) => stream !== undefined);
    const scopes = [...this.#saved].map((scope) => ({ scope, ...this.#scopes.get(scope)! }));
    await session.query(
      `WITH freed AS (
         DELETE FROM ${schema}.claims WHERE (scope, value) IN (SELECT * FROM unnest($1::text[], $2::text[]))
       ), held AS (
         INSERT INTO ${schema}.claims SELECT * FROM unnest($3::text[], $4::text[], $5::text[])
         ON CONFLICT (scope, value) DO UPDATE SET stream = excluded.stream
       )
       INSERT INTO ${schema}.claim_scopes SELECT * FROM unnest($6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[])
       ON CONFLICT (scope) DO UPDATE SET definition = excluded.definition, types = excluded.types,
         position = excluded.position, unfolded = excluded.unfolded`,
      [
        freed.map(([scope]) => scope),
        freed.map(([, value]) => value),
        claimed.map(([scope]) => scope),
        claimed.map(([, value]) => value),
        claimed.map(([, , stream]) => stream),
        scopes.map(({ scope }) => scope),
        scopes.map(({ definition }) => definition),
        scopes.map(({ types }) => JSON.stringify(types)),
        scopes.map(({ position }) => position),
        scopes.map(({ unfolded }) => unfolded),
      ],
    );
  }
}

/**
 * Selects the scopes, and the claimants of the given values, as two JSON columns.
 * @param scopes placeholder of an array
 * @param values placeholder of an array
 */
export const claimsInSql = (schema: string, scopes: string, values: string) =>
  `(SELECT json_agg(json_build_array(scope, definition, types, position, unfolded)) FROM ${schema}.claim_scopes),
   (SELECT json_agg(json_build_array(scope, value, stream)) FROM ${schema}.claims
     WHERE (scope, value) IN (SELECT * FROM unnest(${scopes}::text[], ${values}::text[])))`;

/** Selects the claims of scope $1 after value $2. One statement reads one snapshot. */
export const claimPageInSql = (schema: string) =>
  `SELECT definition, CASE WHEN unfolded > scopes.position THEN scopes.position ELSE head.position END,
     (SELECT json_agg(json_build_array(value, stream) ORDER BY value) FROM
       (SELECT value, stream FROM ${schema}.claims WHERE scope = $1 AND value > $2 ORDER BY value LIMIT $3) page)
   FROM ${schema}.claim_scopes scopes, ${schema}.head WHERE scope = $1`;
