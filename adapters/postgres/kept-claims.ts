import type { KeptClaims, KeptScope } from "../../core/log/claims.ts";
import { keptClaim } from "../../core/log/kept-claim.ts";
import type { ScopedClaims } from "../../core/log/log-claims.ts";
import type { Session } from "./connections.ts";

type ScopeRow = readonly [
  generation: string,
  scope: string,
  definition: string,
  types: string,
  position: number,
  unfolded: number,
  usedAt: number,
];

/** The scopes, and the claimants of some values: the part of the claims that one decision needs. */
export interface ClaimsRead {
  scopes: readonly ScopeRow[];
  claimed: readonly [generation: string, value: string, stream: string][];
}

const keyOf = (generation: string, text: string) => JSON.stringify([generation, text]);
const partsOf = (key: string) => JSON.parse(key) as [generation: string, text: string];

/** Claims as they were read, and changes to them. `save` stores the changes in the current transaction. */
export class ReadClaims implements KeptClaims {
  readonly #scopes: Map<string, KeptScope>;
  readonly #claimed: Map<string, string>;
  readonly #saved = new Set<string>();
  readonly #changed = new Set<string>();
  /** The streams that have released all that they hold, read or not. */
  readonly #emptied = new Set<string>();
  readonly #removed: string[] = [];

  constructor({ scopes, claimed }: ClaimsRead) {
    this.#scopes = new Map(
      scopes.map(([generation, scope, definition, types, position, unfolded, usedAt]) => [
        generation,
        { scope, definition, types: JSON.parse(types) as string[], position, unfolded, usedAt },
      ]),
    );
    this.#claimed = new Map(claimed.map(([generation, value, stream]) => [keyOf(generation, value), stream]));
  }

  get hasChanged(): boolean {
    return this.#saved.size + this.#changed.size + this.#emptied.size + this.#removed.length > 0;
  }

  scopes(): Iterable<readonly [string, KeptScope]> {
    return this.#scopes;
  }

  saveScope(generation: string, scope: KeptScope): void {
    this.#scopes.set(generation, scope);
    this.#saved.add(generation);
  }

  removeScope(generation: string): void {
    this.#scopes.delete(generation);
    this.#removed.push(generation);
  }

  claimantOf(generation: string, value: string): string | undefined {
    return this.#claimed.get(keyOf(generation, value));
  }

  claim(generation: string, value: string, stream: string): void {
    this.#claimed.set(keyOf(generation, value), stream);
    this.#changed.add(keyOf(generation, value));
  }

  release(generation: string, value: string): void {
    this.#claimed.delete(keyOf(generation, value));
    this.#changed.add(keyOf(generation, value));
  }

  releaseAll(generation: string, stream: string): void {
    this.#emptied.add(keyOf(generation, stream));
    for (const [key, claimant] of this.#claimed) {
      const [of, value] = partsOf(key);
      if (claimant === stream && of === generation) this.release(generation, value);
    }
  }

  async save(session: Session, schema: string): Promise<void> {
    if (this.#removed.length + this.#emptied.size > 0) await this.#saveRemovals(session, schema);
    await this.#saveChanges(session, schema);
  }

  async #saveRemovals(session: Session, schema: string): Promise<void> {
    await session.query(
      `WITH removed AS (DELETE FROM ${schema}.claims WHERE generation = ANY($1)),
         emptied AS (
           DELETE FROM ${schema}.claims WHERE (generation, stream) IN (SELECT * FROM unnest($2::text[], $3::text[]))
         )
       DELETE FROM ${schema}.claim_scopes WHERE generation = ANY($1)`,
      [this.#removed, ...columnsOf([...this.#emptied].map(partsOf), 2)],
    );
  }

  async #saveChanges(session: Session, schema: string): Promise<void> {
    const changes = [...this.#changed].map((key) => [...partsOf(key), this.#claimed.get(key)]);
    const freed = changes.filter(([, , stream]) => stream === undefined);
    const claimed = changes.filter(([, , stream]) => stream !== undefined);
    const scopes = [...this.#saved].flatMap((generation) => {
      const scope = this.#scopes.get(generation);
      return scope
        ? [
            [
              generation,
              scope.scope,
              scope.definition,
              JSON.stringify(scope.types),
              scope.position,
              scope.unfolded,
              scope.usedAt,
            ],
          ]
        : [];
    });
    await session.query(
      `WITH freed AS (
         DELETE FROM ${schema}.claims WHERE (generation, value) IN (SELECT * FROM unnest($1::text[], $2::text[]))
       ), held AS (
         INSERT INTO ${schema}.claims (generation, value, stream) SELECT * FROM unnest($3::text[], $4::text[], $5::text[])
         ON CONFLICT (generation, value) DO UPDATE SET stream = excluded.stream
       )
       INSERT INTO ${schema}.claim_scopes (generation, scope, definition, types, position, unfolded, used)
       SELECT * FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[])
       ON CONFLICT (generation) DO UPDATE SET scope = excluded.scope, definition = excluded.definition,
         types = excluded.types, position = excluded.position, unfolded = excluded.unfolded, used = excluded.used`,
      [...columnsOf(freed, 2), ...columnsOf(claimed, 3), ...columnsOf(scopes, 7)],
    );
  }
}

const columnsOf = (rows: readonly (readonly unknown[])[], count: number): unknown[][] =>
  Array.from({ length: count }, (_, index) => rows.map((row) => row[index]));

/**
 * Selects the scopes, and the claimants of the given values, as two JSON columns.
 * @param placeholders those of the arrays that `wantedClaims` returns
 */
export const claimsInSql = (schema: string, [scopes, definitions, values]: readonly [string, string, string]) =>
  `(SELECT json_agg(json_build_array(generation, scope, definition, types, position, unfolded, used)) FROM ${schema}.claim_scopes),
   (SELECT json_agg(json_build_array(c.generation, c.value, c.stream))
     FROM unnest(${scopes}::text[], ${definitions}::text[], ${values}::text[]) AS w (scope, definition, value)
     JOIN ${schema}.claim_scopes s ON s.scope = w.scope AND s.definition = w.definition
     JOIN ${schema}.claims c ON c.generation = s.generation AND c.value = w.value)`;

/** The values that these changes name, as three columns: scopes, definitions, values. */
export const wantedClaims = (claims: readonly ScopedClaims[]): unknown[][] => {
  const rows = claims.flatMap(({ scope, definition, changes }) =>
    changes.flatMap(({ value }) => (value === null ? [] : [[scope, definition, keptClaim(value)]])),
  );
  return columnsOf(rows, 3);
};

/** Selects the claims of scope $1 under definition $2 after value $3. One statement reads one snapshot. */
export const claimPageInSql = (schema: string) =>
  `SELECT CASE WHEN s.unfolded > s.position THEN s.position ELSE head.position END,
     (SELECT json_agg(json_build_array(value, stream) ORDER BY value) FROM
       (SELECT value, stream FROM ${schema}.claims c WHERE c.generation = s.generation AND value > $3 ORDER BY value LIMIT $4) page)
   FROM ${schema}.claim_scopes s, ${schema}.head WHERE s.scope = $1 AND s.definition = $2`;
