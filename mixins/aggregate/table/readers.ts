import { queryFieldsOf, type QueryFields } from "../../../core/query/query.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Generation, Rows } from "../../../core/table/read-table.ts";
import type { Reader } from "../../service/read-actions.ts";

export const readerOf = (fields: QueryFields, rows: Rows): Reader => ({
  fields,
  find: (query) => rows.find(query),
  count: (query) => rows.count(query),
  findByIds: (ids) => rows.findByIds(ids),
});

const queryFields = new WeakMap<Fields, QueryFields>();

/** Reads the rows of a generation by its own fields, which may be those of an earlier definition. */
export function generationReader({ fields, rows }: Pick<Generation, "fields" | "rows">): Reader {
  let known = queryFields.get(fields);
  if (!known) queryFields.set(fields, (known = queryFieldsOf(fields)));
  return readerOf(known, rows);
}
