import { decode, type StoredRow } from "../rows/row-codec.ts";
import { selectInTurns } from "../rows/select.ts";
import { filter as matchesQuery } from "../rows/where.ts";
import type { Fields, Row } from "../../../core/rows/fields.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { Query } from "../../../core/query/query.ts";
import { pushDown } from "./filter.ts";
import type { Documents, Filter, Page } from "./row-store.ts";

/** The uncommitted changes of a batch. */
export interface Changes {
  hasChanged(id: string): boolean;
  /** Null for a row that was removed. */
  changes(): Iterable<[id: string, row: StoredRow | null]>;
}

/** The rows that a query runs on. */
export interface Source {
  documents: Documents;
  fields: Fields;
  sortsByBytes: boolean;
  /** Omitted: the query sees committed rows only. */
  changes?: Changes;
}

export async function find(source: Source, query: Query): Promise<Row[]> {
  const rows: StoredRow[] = [];
  const { filter, isExact } = plan(source, query);
  const page = isExact ? pageOf(source, query) : null;
  if (page) for await (const { content } of source.documents.find(filter, page)) rows.push(content as StoredRow);
  else for await (const row of matchingRows(source, query)) rows.push(row);
  const pace = new Pace();
  const cut = page ? rows : await selectInTurns(all(rows), { ...query, where: null, search: null }, "id", pace);
  const decoded: Row[] = [];
  for (const row of cut) {
    decoded.push(decode(source.fields, row));
    if (pace.isDue()) await pace.turn();
  }
  return decoded;
}

export async function count(source: Source, query: Query): Promise<number> {
  const { filter, isExact } = plan(source, query);
  if (isExact && !source.changes) return source.documents.count(filter);
  let rows = 0;
  for await (const _row of matchingRows(source, query)) rows++;
  return rows;
}

/** The rows that match the query, in no order. */
export async function* matchingRows(source: Source, query: Query): AsyncGenerator<StoredRow> {
  const { documents, changes } = source;
  const { filter, isExact } = plan(source, query);
  const matches = matchesQuery(query);
  const pace = new Pace();
  // A driver buffers many documents and yields them without a turn of the event loop.
  for await (const { id, content } of documents.find(filter)) {
    if (!changes?.hasChanged(id) && (isExact || matches(content!))) yield content as StoredRow;
    if (pace.isDue()) await pace.turn();
  }
  // A copy: the batch may change during a turn.
  for (const [, row] of Array.from(changes?.changes() ?? [])) {
    if (row && matches(row)) yield row;
    if (pace.isDue()) await pace.turn();
  }
}

function plan(source: Source, { where, search }: Query): { filter: Filter; isExact: boolean } {
  const { filter, isExact } = pushDown(where, source);
  return { filter: filter ?? {}, isExact: isExact && !search };
}

/**
 * The page for the engine; null if this process has to sort: the engine sorts text differently, a batch has changes, or
 * the sort has a path into JSON, which is text for the engine.
 */
function pageOf({ documents, sortsByBytes, changes }: Source, { sort, limit, offset }: Query): Page | null {
  if (!sortsByBytes || changes || sort.some(({ path }) => path.length > 0)) return null;
  const order: Record<string, 1 | -1> = {};
  for (const { field, descending } of sort)
    order[field === "id" ? "_id" : documents.pathOf(field)] ??= descending ? -1 : 1;
  return { sort: { ...order, _id: order["_id"] ?? 1 }, limit: limit ?? 0, offset };
}

const all = (rows: StoredRow[]) => ({ all: () => rows, having: () => undefined });
