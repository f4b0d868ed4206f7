import type Database from "better-sqlite3";
import type { KeptClaims, KeptScope } from "../../core/log/claims.ts";
import type { ClaimPage } from "../../core/log/log-claims.ts";
import { unseen } from "./where.ts";

type ScopeRow = [
  generation: string,
  scope: string,
  definition: string,
  types: string,
  position: number,
  unfolded: number,
  usedAt: number,
];

/** The claims in the log's file. Changes belong to the open transaction. */
export class SqliteKeptClaims implements KeptClaims {
  readonly #scopes: Database.Statement<[], ScopeRow>;
  readonly #saveScope: Database.Statement<ScopeRow>;
  readonly #removeScope: Database.Statement<[string]>;
  readonly #claimant: Database.Statement<[string, string], string>;
  readonly #claim: Database.Statement;
  readonly #release: Database.Statement;
  readonly #releaseAll: Database.Statement;
  readonly #clear: Database.Statement;
  readonly #page: Database.Statement<[string, string, number], { value: string; stream: string }>;

  constructor(db: Database.Database) {
    this.#scopes = db
      .prepare<[], ScopeRow>("SELECT generation, scope, definition, types, position, unfolded, used FROM claim_scopes")
      .raw(true);
    this.#saveScope = db.prepare(
      `INSERT OR REPLACE INTO claim_scopes (generation, scope, definition, types, position, unfolded, used)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#removeScope = db.prepare("DELETE FROM claim_scopes WHERE generation = ?");
    this.#claimant = db
      .prepare<[string, string], string>("SELECT stream FROM claims WHERE generation = ? AND value = ?")
      .pluck();
    this.#claim = db.prepare("INSERT INTO claims VALUES (?, ?, ?)");
    this.#release = db.prepare("DELETE FROM claims WHERE generation = ? AND value = ?");
    this.#releaseAll = db.prepare("DELETE FROM claims WHERE generation = ? AND stream = ?");
    this.#clear = db.prepare("DELETE FROM claims WHERE generation = ?");
    this.#page = db.prepare(
      `SELECT value, stream FROM claims WHERE generation = ${unseen} AND value > ${unseen} ORDER BY value LIMIT ${unseen}`,
    );
  }

  *scopes(): Iterable<readonly [string, KeptScope]> {
    for (const [generation, scope, definition, types, position, unfolded, usedAt] of this.#scopes.all())
      yield [generation, { scope, definition, types: JSON.parse(types) as string[], position, unfolded, usedAt }];
  }

  saveScope(generation: string, { scope, definition, types, position, unfolded, usedAt }: KeptScope): void {
    this.#saveScope.run(generation, scope, definition, JSON.stringify(types), position, unfolded, usedAt);
  }

  removeScope(generation: string): void {
    this.#clear.run(generation);
    this.#removeScope.run(generation);
  }

  claimantOf(generation: string, value: string): string | undefined {
    return this.#claimant.get(generation, value);
  }

  claim(generation: string, value: string, stream: string): void {
    this.#claim.run(generation, value, stream);
  }

  release(generation: string, value: string): void {
    this.#release.run(generation, value);
  }

  releaseAll(generation: string, stream: string): void {
    this.#releaseAll.run(generation, stream);
  }

  page(generation: string, { after = "", limit }: { after?: string; limit: number }): ClaimPage["claims"] {
    return this.#page.all(generation, after, limit);
  }
}
