import type Database from "better-sqlite3";
import type { Comparison, Condition, Query } from "../../core/query/query.ts";
import { Statements } from "./statements.ts";
import { addFunctions } from "./functions.ts";
import { filter, type Sql } from "./where.ts";

/** Calls of our SQL functions that a query may make on the event loop: about a millisecond. */
const maxCalls = 500;
/** Bytes of text that these calls may parse. */
const maxBytes = 512 * 1024;
/** Rows that SQLite may scan without calling our functions: a few milliseconds. */
const maxScanned = 10_000;
/** A longer `$in` costs more to look up than it saves. */
const maxValues = 500;
/** How long a table's measured size is reused. */
const sizeKnownMs = 1000;
/** Size of the cache of query plans: EXPLAIN takes as long as a small query. */
const maxPlans = 100;

/** The table that a query reads, as far as the estimate of its cost needs it. */
export interface Queried {
  /** The table's name, quoted for SQL. */
  table: string;
  /** The field of the primary key. */
  key: string;
  /** The fields with an index, including the key. */
  indexed: ReadonlySet<string>;
  /** Fields whose values may be long. */
  texts: readonly string[];
}

const ourFunctions = functionNames();

function functionNames(): RegExp {
  const names: string[] = [];
  const collector = { function: (name: string) => (names.push(name), collector) };
  addFunctions(collector as unknown as Pick<Database.Database, "function">);
  return new RegExp(`\\b(?:${names.join("|")})\\(`, "g");
}

/** Distinguishes queries that take at most a few milliseconds from those that would block the event loop. */
export class QueryEffort {
  readonly #queried: Queried;
  readonly #statements: Statements;
  /** By SQL text: how often the statement calls our functions for one row. There are few texts. */
  readonly #calls = new Map<string, number>();
  /** By SQL text: the steps of SQLite's query plan. */
  readonly #plans = new Map<string, string[]>();
  /** By number of rows: true if the table has more. */
  readonly #sizes = new Map<number, { isLarge: boolean; until: number }>();

  constructor(db: Database.Database, queried: Queried) {
    this.#queried = queried;
    this.#statements = new Statements(db);
  }

  /** @param sql the compiled query */
  isQuick(query: Query, sql: Sql): boolean {
    const calls = this.#callsIn(sql.text);
    const maxRows = calls === 0 ? maxScanned : Math.floor(maxCalls / calls);
    const isLarge = this.#isLarge(maxRows);
    if (calls === 0 && (!isLarge || !this.#looksAtMore(query, sql))) return true;
    const pin = this.#pin(query);
    if (isLarge && pin === null) return false;
    return this.#isSmall(pin, calls, maxRows);
  }

  /** True if the result has at most one row. */
  isOfOne({ where }: Query): boolean {
    return where !== null && "operator" in where && where.operator === "$eq" && where.field === this.#queried.key;
  }

  #callsIn(sql: string): number {
    const known = this.#calls.get(sql);
    if (known !== undefined) return known;
    if (this.#calls.size > 100) this.#calls.clear();
    const calls = sql.match(ourFunctions)?.length ?? 0;
    this.#calls.set(sql, calls);
    return calls;
  }

  #isLarge(maxRows: number): boolean {
    const now = performance.now();
    const known = this.#sizes.get(maxRows);
    if (known && known.until > now) return known.isLarge;
    const sql = `SELECT count(*) FROM (SELECT 1 FROM ${this.#queried.table} LIMIT ${maxRows + 1})`;
    const isLarge = (this.#statements.prepare(sql).get()![0] as number) > maxRows;
    this.#sizes.set(maxRows, { isLarge, until: now + sizeKnownMs });
    return isLarge;
  }

  /** True if few rows, with little text, meet this condition. Reads at most `maxRows` + 1 of them. */
  #isSmall(where: Condition | null, calls: number, maxRows: number): boolean {
    const { table, texts } = this.#queried;
    const { text, values } = filter({ where, sort: [], limit: null, offset: 0, search: null });
    const size = texts.map((field) => `ifnull(octet_length("${field}"), 0)`).join(" + ") || "0";
    const bytes = calls === 0 ? "0" : size;
    const sql = `SELECT count(*), total(bytes) FROM (SELECT ${bytes} AS bytes FROM ${table} ${text} LIMIT ${maxRows + 1})`;
    if (where !== null && this.#scansTable({ text: sql, values })) return false;
    const [rows, total] = this.#statements.prepare(sql).get(...values) as [number, number];
    return rows <= maxRows && total * calls <= maxBytes;
  }

  /** True if SQLite may have to read many rows that are not in the result, or to sort all that are. */
  #looksAtMore({ where, offset }: Query, sql: Sql): boolean {
    const { indexed } = this.#queried;
    if (offset > maxScanned) return true;
    const compared = where && [...comparisons(where)];
    // SQLite uses an index for one condition, and checks the others row by row.
    if (compared?.some(({ field }) => !indexed.has(field) || field !== compared[0]!.field)) return true;
    if (this.#plan(sql).some((step) => step.startsWith("USE TEMP B-TREE"))) return true;
    return where !== null && this.#scansTable(sql);
  }

  /** True if SQLite scans the table or a whole index. */
  #scansTable(sql: Sql): boolean {
    const scan = `SCAN ${this.#queried.table.replaceAll('"', "")}`;
    return this.#plan(sql).some((step) => step.startsWith(scan));
  }

  #plan({ text, values }: Sql): string[] {
    const known = this.#plans.get(text);
    if (known) return known;
    if (this.#plans.size > maxPlans) this.#plans.clear();
    const steps = this.#statements.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values);
    const plan = steps.map((step) => String(step[3]));
    this.#plans.set(text, plan);
    return plan;
  }

  /** A condition on indexed fields that every row of the result meets, so SQLite reads no other rows. */
  #pin({ where, sort }: Query): Condition | null {
    const { indexed, key } = this.#queried;
    const isInOrder = sort.length === 0 || sort[0]!.field === key;
    const isExact = ({ field, path, operator, value }: Comparison) =>
      path.length === 0 &&
      indexed.has(field) &&
      (operator === "$eq" || (operator === "$in" && (value as unknown[]).length <= maxValues));
    const isPin = (comparison: Comparison) => {
      const { field, path, operator } = comparison;
      return isExact(comparison) || (path.length === 0 && field === key && isInOrder && /^\$[gl]te?$/.test(operator));
    };
    if (where && "or" in where && where.or.every((part) => "operator" in part && isExact(part))) return where;
    const found = [...required(where)].filter(isPin);
    const first = found.find(isExact) ?? found[0];
    return first ? { and: found.filter(({ field }) => field === first.field) } : null;
  }
}

/** All comparisons, including optional and negated ones. */
function* comparisons(condition: Condition): Generator<Comparison> {
  if ("and" in condition) for (const part of condition.and) yield* comparisons(part);
  else if ("or" in condition) for (const part of condition.or) yield* comparisons(part);
  else if ("not" in condition) yield* comparisons(condition.not);
  else yield condition;
}

/** The comparisons that every row of the result meets. */
function* required(condition: Condition | null): Generator<Comparison> {
  if (!condition) return;
  if ("and" in condition) for (const part of condition.and) yield* required(part);
  else if ("operator" in condition) yield condition;
}
