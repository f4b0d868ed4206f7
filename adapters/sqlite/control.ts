import { randomUUID } from "node:crypto";
import type Database from "better-sqlite3";
import { parseState } from "../../core/log/damaged-state.ts";
import type { KeyedState, KeyRange, Lease, LeaseAnswer, LogControl, Versioned } from "../../core/log/control.ts";
import { grantLease, isHeldBy, type StoredLease } from "../../core/log/grant-lease.ts";
import type { OpenPart } from "../../core/log/log-parts.ts";

/** Size of the state cache. It saves a query for each page: a consumer reads its state that often. */
const maxKnown = 100;

interface KeyedRow {
  key: string;
  value: string;
  revision: number;
}

/** Control state and leases, stored in the log's file. */
export class Control implements OpenPart<LogControl> {
  readonly #get: Database.Statement<[string], { value: string; revision: number }>;
  readonly #insert: Database.Statement;
  readonly #update: Database.Statement;
  readonly #remove: Database.Statement;
  readonly #after: Database.Statement<[string, string, number], KeyedRow>;
  readonly #lease: Database.Statement<[string], Omit<StoredLease, "mark">>;
  readonly #take: Database.Statement;
  readonly #release: Database.Statement;
  /** The mark of each lease's last renewal, by name. Kept in memory only, since no other process reads the file. */
  readonly #marks = new Map<string, string>();
  /** Cached as text, so that no two callers share an object. Stays correct because only this host writes the file. */
  readonly #known = new Map<string, { value: string; revision: number } | null>();
  readonly #transaction: (work: () => number | null) => number | null;

  constructor(db: Database.Database) {
    this.#get = db.prepare("SELECT value, revision FROM state WHERE key = ?");
    this.#insert = db.prepare("INSERT INTO state VALUES (?, ?, 1) ON CONFLICT DO NOTHING");
    this.#update = db.prepare("UPDATE state SET value = ?, revision = revision + 1 WHERE key = ? AND revision = ?");
    this.#remove = db.prepare("DELETE FROM state WHERE key = ? AND revision = ?");
    this.#after = db.prepare("SELECT key, value, revision FROM state WHERE key >= ? AND key > ? ORDER BY key LIMIT ?");
    this.#lease = db.prepare("SELECT holder, epoch, ttl AS ttlMs FROM leases WHERE name = ?");
    this.#take = db.prepare(
      `INSERT INTO leases VALUES (@name, @holder, @epoch, @ttlMs)
       ON CONFLICT DO UPDATE SET holder = @holder, epoch = @epoch, ttl = @ttlMs`,
    );
    this.#release = db.prepare("UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND epoch = ?");
    const transaction = db.transaction((work: () => number | null) => work());
    this.#transaction = (work) => transaction.immediate(work);
  }

  get(key: string): Versioned | null {
    let row = this.#known.get(key);
    if (row === undefined) {
      if (this.#known.size > maxKnown) this.#known.clear();
      this.#known.set(key, (row = this.#get.get(key) ?? null));
    }
    return row ? { value: parseState(key, row.value, row.revision), revision: row.revision } : null;
  }

  put(key: string, value: unknown, revision: number, lease?: Lease): number | null {
    const text = JSON.stringify(value) as string | undefined;
    this.#known.delete(key);
    return this.#transaction(() => {
      if (lease && !isHeldBy(this.#stored(lease.name), lease)) return null;
      if (text === undefined) return this.#removes(key, revision) ? 0 : null;
      const { changes } = revision === 0 ? this.#insert.run(key, text) : this.#update.run(text, key, revision);
      return changes === 0 ? null : revision + 1;
    });
  }

  #removes(key: string, revision: number): boolean {
    return revision === 0 ? this.#get.get(key) === undefined : this.#remove.run(key, revision).changes > 0;
  }

  states({ prefix, after = "", limit }: KeyRange): KeyedState[] {
    // Keys are in byte order, so those with the prefix are adjacent.
    const rows = this.#after.all(prefix, after, limit).filter(({ key }) => key.startsWith(prefix));
    return rows.map(({ key, value, revision }) => ({ key, value: parseState(key, value, revision), revision }));
  }

  /**
   * After a restart each lease has the mark "" until its holder renews it. A waiting node measures the time to expiry
   * from then.
   */
  #stored(name: string): StoredLease | null {
    const stored = this.#lease.get(name);
    return stored ? { ...stored, mark: this.#marks.get(name) ?? "" } : null;
  }

  acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): LeaseAnswer {
    const stored = this.#stored(name);
    const answer = grantLease({ name, holder, lapsed }, stored);
    if (!answer.lease) return answer;
    const { epoch } = answer.lease;
    if (stored?.epoch !== epoch || stored.ttlMs !== ttlMs) this.#take.run({ name, holder, epoch, ttlMs });
    this.#marks.set(name, randomUUID());
    return answer;
  }

  releaseLease({ name, holder, epoch }: Lease): void {
    this.#release.run(name, holder, epoch);
  }
}
