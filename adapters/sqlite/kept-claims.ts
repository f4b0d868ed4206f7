import type Database from "better-sqlite3";
import type { ClaimPage, ClaimScope, KeptClaims } from "../../core/log/claims.ts";
import { unseen } from "./where.ts";

type ScopeRow = [scope: string, definition: string, types: string, position: number, unfolded: number];

/** The claims in the log's file. Changes belong to the open transaction. */
export class SqliteKeptClaims implements KeptClaims {
  readonly #scopes: Database.Statement<[], ScopeRow>;
  readonly #saveScope: Database.Statement;
  readonly #claimant: Database.Statement<[string, string], string>;
  readonly #claim: Database.Statement;
  readonly #release: Database.Statement;
  readonly #clear: Database.Statement;
  readonly #page: Database.Statement<[string, string, number], { value: string; stream: string }>;

  constructor(db: Database.Database) {
    this.#scopes = db
      .prepare<[], ScopeRow>("SELECT scope, definition, types, position, unfolded FROM claim_scopes")
      .raw(true);
    this.#saveScope = db.prepare("INSERT OR REPLACE INTO claim_scopes VALUES (?, ?, ?, ?, ?)");
    this.#claimant = db
      .prepare<[string, string], string>("SELECT stream FROM claims WHERE scope = ? AND value = ?")
      .pluck();
    this.#claim = db.prepare("INSERT INTO claims VALUES (?, ?, ?)");
    this.#release = db.prepare("DELETE FROM claims WHERE scope = ? AND value = ?");
    this.#clear = db.prepare("DELETE FROM claims WHERE scope = ?");
    this.#page = db.prepare(
      `SELECT value, stream FROM claims WHERE scope = ${unseen} AND value > ${unseen} ORDER BY value LIMIT ${unseen}`,
    );
  }

  *scopes(): Iterable<readonly [string, ClaimScope]> {
    for (const [scope, definition, types, position, unfolded] of this.#scopes.all())
      yield [scope, { definition, types: JSON.parse(types) as string[], position, unfolded }];
  }

  saveScope(scope: string, { definition, types, position, unfolded }: ClaimScope): void {
    this.#saveScope.run(scope, definition, JSON.stringify(types), position, unfolded);
  }

  claimantOf(scope: string, value: string): string | undefined {
    return this.#claimant.get(scope, value);
  }

  claim(scope: string, value: string, stream: string): void {
    this.#claim.run(scope, value, stream);
  }

  release(scope: string, value: string): void {
    this.#release.run(scope, value);
  }

  clear(scope: string): void {
    this.#clear.run(scope);
  }

  page(scope: string, { after = "", limit }: { after?: string; limit: number }): ClaimPage["claims"] {
    return this.#page.all(scope, after, limit);
  }
}
