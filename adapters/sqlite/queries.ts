import type Database from "better-sqlite3";
import { Pace } from "../../core/concurrency/pace.ts";
import type { Query } from "../../core/query/query.ts";
import { Statements } from "./statements.ts";
import type { FileQueries } from "./file-queries.ts";
import { QueryEffort, type Queried } from "./query-effort.ts";
import type { Sql } from "./where.ts";

/** Above this number of rows, the duration of reading is checked between rows. */
const maxUnwatched = 200;
/** More keys than this are looked up in a worker thread. */
const maxKeysAtOnce = 1000;

type ColumnValues = unknown[];
type Decode<Item> = (cells: ColumnValues) => Item;

/**
 * Runs the queries of one connection: quick ones on the connection, others in a worker thread. Without a thread all
 * queries run synchronously on the connection.
 */
export class Queries {
  readonly #statements: Statements;
  readonly #threads: { queries: FileQueries; effort: QueryEffort } | null;

  /** @param queries null if the connection reads uncommitted rows, which no other connection sees */
  constructor(db: Database.Database, queried: Queried, queries: FileQueries | null) {
    this.#statements = new Statements(db);
    this.#threads = queries && { queries, effort: new QueryEffort(db, queried) };
  }

  /**
   * A query that starts in the same turn as a long one runs in the thread as well, so that both read the same snapshot.
   */
  all<Item>(query: Query, { text: sql, values }: Sql, decode: Decode<Item>): Item[] | Promise<Item[]> {
    const threads = this.#threads;
    if (!threads) return this.#allAtOnce(sql, values, decode);
    const { queries, effort } = threads;
    if (effort.isOfOne(query)) return this.#allAtOnce(sql, values, decode);
    const isHere = !queries.isGathering && effort.isQuick(query, { text: sql, values });
    const found = isHere ? this.#allHere(query, sql, values, decode) : null;
    return found ?? queries.select({ sql, values }, decode);
  }

  count(query: Query, sql: Sql): number | Promise<number> {
    const counts = this.all({ ...query, sort: [], limit: 1 }, sql, ([count]) => count as number);
    return counts instanceof Promise ? counts.then(([count]) => count!) : counts[0]!;
  }

  /** The rows with these keys, in the order of the keys. Keys without a row are omitted. */
  byKeys<Item>(statement: Database.Statement, keys: readonly string[], decode: Decode<Item>): Item[] | Promise<Item[]> {
    const inThread = (queries: FileQueries) =>
      queries.select({ sql: statement.source, values: [], forEach: keys }, decode);
    if (this.#threads && keys.length > maxKeysAtOnce) return inThread(this.#threads.queries);
    const items: Item[] = [];
    // One row may have megabytes. Yielding to the event loop in between would mix rows of different snapshots.
    const pace = new Pace();
    for (const key of keys) {
      if (this.#threads && pace.isDue() && items.length > 0) return inThread(this.#threads.queries);
      const cells = statement.get(key) as ColumnValues | undefined;
      if (cells !== undefined) items.push(decode(cells));
    }
    return items;
  }

  #allAtOnce<Item>(sql: string, values: readonly unknown[], decode: Decode<Item>): Item[] {
    const items: Item[] = [];
    for (const cells of this.#statements.prepare(sql).all(...values) as ColumnValues[]) items.push(decode(cells));
    return items;
  }

  /** Returns null if reading takes too long for the event loop. */
  #allHere<Item>(query: Query, sql: string, values: readonly unknown[], decode: Decode<Item>): Item[] | null {
    const { limit, offset } = query;
    if (limit !== null && limit <= maxUnwatched) return this.#allAtOnce(sql, values, decode);
    if (limit === null && offset === 0) {
      // Most results are short, and `all` reads those faster than `iterate`.
      const short = this.#allAtOnce(`${sql} LIMIT ${maxUnwatched + 1}`, values, decode);
      if (short.length <= maxUnwatched) return short;
    }
    const pace = new Pace();
    const items: Item[] = [];
    for (const cells of this.#statements.prepare(sql).iterate(...values) as Iterable<ColumnValues>) {
      items.push(decode(cells));
      // A short result is kept, however slow the machine is at the moment.
      if (pace.isDue() && items.length > maxUnwatched) return null;
    }
    return items;
  }
}
