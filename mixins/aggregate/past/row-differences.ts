import { isDeepStrictEqual } from "node:util";
import type { Row } from "../../../core/rows/fields.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { Condition, Query } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import { compareText } from "../../../core/text/text-order.ts";

/** One of two tables to compare, and the query that selects its rows. */
export interface Side {
  rows: Rows;
  query: Pick<Query, "where" | "search">;
}

/** A row of both tables; null in the table that lacks it. */
export interface UnequalRow {
  id: string;
  before: Row | null;
  after: Row | null;
}

const rowsPerPage = 500;

/**
 * Yields the rows that differ, ordered by id, of those that the query selects in either table. Memory contains two pages of
 * rows at a time. `turn` is awaited between pages, and may throw to abort.
 */
export async function* unequalRows(before: Side, after: Side, turn: () => Promise<void>): AsyncGenerator<UnequalRow> {
  const [left, right] = [rowsInOrder(before, turn), rowsInOrder(after, turn)];
  let [old, now] = [await left.next(), await right.next()];
  const pace = new Pace();
  while (!old.done || !now.done) {
    const order = old.done ? 1 : now.done ? -1 : compareText(old.value.id, now.value.id);
    const row = await pair(order <= 0 && !old.done ? old.value : null, order >= 0 && !now.done ? now.value : null);
    if (!isDeepStrictEqual(row.before, row.after)) yield row;
    if (pace.isDue()) await turn().then(() => pace.restart());
    if (order <= 0) old = await left.next();
    if (order >= 0) now = await right.next();
  }

  /** The query may select a row in one table only, although the other has it with other values. */
  async function pair(was: Row | null, is: Row | null): Promise<UnequalRow> {
    const { id } = (was ?? is)!;
    return { id, before: was ?? (await rowOf(before, id)), after: is ?? (await rowOf(after, id)) };
  }
}

async function* rowsInOrder({ rows, query }: Side, turn: () => Promise<void>): AsyncGenerator<Row, undefined> {
  let page: Row[] = [];
  do {
    if (page.length > 0) await turn();
    page = await rows.find(pageAfter(query, page.at(-1)?.id));
    yield* page;
  } while (page.length === rowsPerPage);
}

function pageAfter({ where, search }: Side["query"], last: string | undefined): Query {
  const beyond: Condition[] =
    last === undefined ? [] : [{ field: "id", type: "string", path: [], operator: "$gt", value: last }];
  const parts = where ? [...beyond, where] : beyond;
  return {
    where: parts.length > 0 ? { and: parts } : null,
    search,
    sort: [{ field: "id", path: [], descending: false }],
    limit: rowsPerPage,
    offset: 0,
  };
}

async function rowOf({ rows, query }: Side, id: string): Promise<Row | null> {
  // Without a query, the pages contain all rows.
  return query.where || query.search ? ((await rows.findByIds([id]))[0] ?? null) : null;
}
