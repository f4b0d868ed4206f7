import type { Row } from "../../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf, type QueryParams } from "../../../core/query/query.ts";
import type { Generation } from "../../../core/table/read-table.ts";
import { unequalRows } from "./row-differences.ts";

/** The differences between two tables, ordered by id. */
export interface TableDifferences {
  added: Row[];
  changed: { id: string; before: Row; after: Row }[];
  removed: Row[];
  /** The numbers of all differences. Each list contains the first of them, up to the limit. */
  total: { added: number; changed: number; removed: number };
}

const defaultLimit = 1000;

/** Compares the rows that the query selects in either table. `turn` is awaited between pages, and may throw to abort. */
export async function tableDifferences(
  before: Generation,
  after: Generation,
  params: QueryParams,
  turn: () => Promise<void>,
): Promise<TableDifferences> {
  const sideOf = ({ rows, fields }: Generation) => ({ rows, query: parseQuery(queryFieldsOf(fields), params) });
  const [was, is] = [sideOf(before), sideOf(after)];
  const limit = is.query.limit ?? defaultLimit;
  const differences: TableDifferences = {
    added: [],
    changed: [],
    removed: [],
    total: { added: 0, changed: 0, removed: 0 },
  };
  const { added, changed, removed, total } = differences;
  for await (const row of unequalRows(was, is, turn)) {
    if (row.before === null) {
      if (total.added++ < limit) added.push(row.after!);
    } else if (row.after === null) {
      if (total.removed++ < limit) removed.push(row.before);
    } else if (total.changed++ < limit) changed.push({ id: row.id, before: row.before, after: row.after });
  }
  return differences;
}
