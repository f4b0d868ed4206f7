import { matchesCondition } from "../../core/query/matches-condition.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { Query, Sort } from "../../core/query/query.ts";
import { sortInTurns } from "../../core/query/sort-in-turns.ts";
import { sortValueAt } from "../../core/query/sort-value.ts";
import { compareText } from "../../core/text/text-order.ts";
import type { Session } from "./connections.ts";
import { Where } from "./where.ts";

/** What a query selects from: a table's rows, or the events. */
export interface Source<Item> {
  /** `SELECT … FROM … WHERE …`. */
  select: string;
  /** The column that sorts rows that are equal in the query's order. */
  tieBreaker: string;
  /** The fields whose index contains prefixes. */
  byIndexPrefix: ReadonlySet<string>;
  decode: (row: unknown[]) => Item;
}

type ColumnValue = string | number | null;

/** Rows per FETCH. */
const rowsPerStep = 500;

/** Returns the items that match the query, sorted and limited to its page. */
export async function find<Item extends object>(session: Session, source: Source<Item>, query: Query): Promise<Item[]> {
  const clauses = new Where(source.byIndexPrefix);
  const { text, isExact } = clauses.filter(query);
  const order = clauses.order(query.sort, source.tieBreaker);
  const sql = `${source.select} AND ${text}`;
  const { limit, offset } = query;
  if (isExact && order !== null) {
    const page = `LIMIT ${limit ?? "ALL"} OFFSET ${offset}`;
    const { rows } = await session.query(`${sql} ORDER BY ${order} ${page}`, clauses.values);
    const items: Item[] = [];
    const pace = new Pace();
    for (const row of rows) {
      items.push(source.decode(row));
      if (pace.isDue()) await pace.turn();
    }
    return items;
  }
  const end = limit === null ? Infinity : offset + limit;
  const found: Item[] = [];
  const isWanted = testOf(query);
  await look(session, `${sql} ORDER BY ${order ?? source.tieBreaker}`, clauses.values, (row) => {
    const item = source.decode(row);
    if (isWanted(item)) found.push(item);
    return order === null || found.length < end;
  });
  return (order === null ? await sorted(found, query.sort) : found).slice(offset, end);
}

export async function count<Item extends object>(
  session: Session,
  source: Source<Item>,
  query: Query,
): Promise<number> {
  const clauses = new Where(source.byIndexPrefix);
  const { text, isExact } = clauses.filter(query);
  const sql = `${source.select} AND ${text}`;
  if (isExact) {
    const { rows } = await session.query(`SELECT count(*) FROM (${sql}) found`, clauses.values);
    return rows[0]![0] as number;
  }
  const isWanted = testOf(query);
  let total = 0;
  await look(session, sql, clauses.values, (row) => {
    if (isWanted(source.decode(row))) total++;
    return true;
  });
  return total;
}

let cursors = 0;

/** Passes on the rows of one snapshot until `isEnoughFor` returns false. */
async function look(
  session: Session,
  sql: string,
  values: readonly unknown[],
  isEnoughFor: (row: unknown[]) => boolean,
): Promise<void> {
  await session.reading(async (reading) => {
    const cursor = `looking_${++cursors}`;
    await reading.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values);
    // A row may be large, and be tested against hundreds of conditions.
    const pace = new Pace();
    for (let goesOn = true; goesOn;) {
      const { rows } = await reading.query(`FETCH ${rowsPerStep} FROM ${cursor}`);
      goesOn = rows.length === rowsPerStep;
      pace.restart();
      for (const row of rows) {
        if (!isEnoughFor(row)) {
          goesOn = false;
          break;
        }
        if (pace.isDue()) await pace.turn();
      }
    }
    await reading.query(`CLOSE ${cursor}`);
  });
}

/** Tests the conditions and the search in JavaScript, if SQL could not express all of them. */
function testOf({ where, search }: Query): (item: object) => boolean {
  const isMet = (item: object) => where === null || matchesCondition(where, item);
  if (!search) return isMet;
  const text = search.text.toLowerCase();
  const contains = (value: unknown) => value !== null && String(toCell(value)).toLowerCase().includes(text);
  return (item) =>
    isMet(item) && search.fields.some((field) => contains((item as Record<string, unknown>)[field] ?? null));
}

/** A value as the other engines store it: booleans as numbers, objects and arrays as JSON. */
const toCell = (value: unknown): ColumnValue => {
  if (typeof value === "boolean") return Number(value);
  return value !== null && typeof value === "object" ? JSON.stringify(value) : ((value ?? null) as ColumnValue);
};

/** The items arrive in the order of their tie-breaker, and the sort is stable. */
async function sorted<Item extends object>(items: readonly Item[], sort: readonly Sort[]): Promise<Item[]> {
  const pace = new Pace();
  const keyed: { item: Item; keys: ColumnValue[] }[] = [];
  for (const item of items) {
    const keys: ColumnValue[] = [];
    for (const key of sort) {
      keys.push(sortKey(item, key));
      if (pace.isDue()) await pace.turn();
    }
    keyed.push({ item, keys });
  }
  const compare = (a: { keys: ColumnValue[] }, b: { keys: ColumnValue[] }) => {
    for (const [index, { descending }] of sort.entries()) {
      const order = compareColumnValues(a.keys[index]!, b.keys[index]!);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
  return (await sortInTurns(keyed, compare, pace)).map(({ item }) => item);
}

function sortKey(item: object, { field, path }: Sort): ColumnValue {
  const value = (item as Record<string, unknown>)[field] ?? null;
  return path.length === 0 || value === null ? toCell(value) : sortValueAt(path, value);
}

const rank = (cell: ColumnValue) => (cell === null ? 0 : typeof cell === "number" ? 1 : 2);

/** Null first, then numbers, then text by its bytes. */
function compareColumnValues(a: ColumnValue, b: ColumnValue): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return rank(a) - rank(b);
}
