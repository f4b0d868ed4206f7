import type Database from "better-sqlite3";
import type { Comparison, Condition, Query } from "../../core/query.ts";
import { Statements } from "./database.ts";
import { addFunctions } from "./functions.ts";
import { filter } from "./where.ts";

/** Calls of our functions that one query may cost the event loop: about a millisecond. */
const maxCalls = 500;
/** Text that these calls may have to parse. */
const maxBytes = 512 * 1024;
/** Rows that SQLite may look at by itself: a few milliseconds. */
const maxScanned = 10_000;
/** A longer `$in` costs more to look up than it saves. */
const maxValues = 500;
/** How long the size of a table is taken to be what it was. */
const sizeKnownMs = 1000;

/** What queries are asked of, for an estimate of what they cost. */
export interface Queried {
  /** As it stands in SQL. */
  table: string;
  /** The field that the table is ordered by. */
  key: string;
  /** Fields that have an index, the key among them. */
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

/** Tells queries that are answered within a few milliseconds from those that look through too much for the event loop. */
export class QueryEffort {
  readonly #queried: Queried;
  readonly #statements: Statements;
  /** By the statement, of which there are few: how often it calls our functions for a row. */
  readonly #calls = new Map<string, number>();
  /** By the number of rows: whether the table has more. */
  readonly #sizes = new Map<number, { isLarge: boolean; until: number }>();

  constructor(db: Database.Database, queried: Queried) {
    this.#queried = queried;
    this.#statements = new Statements(db);
  }

  /** @param sql what the query is compiled to */
  isQuick(query: Query, sql: string): boolean {
    const calls = this.#callsIn(sql);
    if (calls === 0 && !this.#scans(query)) return true;
    const maxRows = calls === 0 ? maxScanned : Math.floor(maxCalls / calls);
    const isLarge = this.#isLarge(maxRows);
    if (!isLarge && calls === 0) return true;
    const pins = this.#pins(query);
    if (isLarge && pins.length === 0) return false;
    return this.#isSmall(pins, calls, maxRows);
  }

  /** Whether at most one row can be the answer. */
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

  /** Whether few rows, with little text, meet these conditions; looks at no more than it has to. */
  #isSmall(pins: Comparison[], calls: number, maxRows: number): boolean {
    const { table, texts } = this.#queried;
    const where = pins.length > 0 ? { and: pins } : null;
    const { text, values } = filter({ where, sort: [], limit: null, offset: 0, search: null });
    const size = texts.map((field) => `ifnull(octet_length("${field}"), 0)`).join(" + ") || "0";
    const bytes = calls === 0 ? "0" : size;
    const sql = `SELECT count(*), total(bytes) FROM (SELECT ${bytes} AS bytes FROM ${table} ${text} LIMIT ${maxRows + 1})`;
    const [rows, total] = this.#statements.prepare(sql).get(...values) as [number, number];
    return rows <= maxRows && total * calls <= maxBytes;
  }

  /** Whether SQLite may have to look at rows that are not in the answer, or to sort all that are. */
  #scans({ where, sort }: Query): boolean {
    const { indexed } = this.#queried;
    const scans = (condition: Condition): boolean => {
      if ("and" in condition) return condition.and.some(scans);
      if ("or" in condition) return condition.or.some(scans);
      return "not" in condition || !indexed.has(condition.field);
    };
    return (where !== null && scans(where)) || (sort.length > 0 && !indexed.has(sort[0]!.field));
  }

  /** Conditions on one indexed field that every row of the answer meets: SQLite looks at no others. */
  #pins({ where, sort }: Query): Comparison[] {
    const { indexed, key } = this.#queried;
    const isInOrder = sort.length === 0 || sort[0]!.field === key;
    const isPin = ({ field, path, operator, value }: Comparison) => {
      if (path.length > 0 || !indexed.has(field)) return false;
      if (operator === "$in") return (value as unknown[]).length <= maxValues;
      return operator === "$eq" || (field === key && isInOrder && /^\$[gl]te?$/.test(operator));
    };
    const found = [...required(where)].filter(isPin);
    const isExact = ({ operator }: Comparison) => operator === "$eq" || operator === "$in";
    const first = found.find(isExact) ?? found[0];
    return first ? found.filter(({ field }) => field === first.field) : [];
  }
}

/** The comparisons that must hold. */
function* required(condition: Condition | null): Generator<Comparison> {
  if (!condition) return;
  if ("and" in condition) for (const part of condition.and) yield* required(part);
  else if ("operator" in condition) yield condition;
}
