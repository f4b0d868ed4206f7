import type { Problem } from "../../../core/errors/problem.ts";
import { SnapshotMismatchError } from "../../../core/errors/snapshot-errors.ts";
import { checkRow, missingFields, type Fields, type Row } from "../../../core/rows/fields.ts";
import type { Query } from "../../../core/query/query.ts";
import type { Batch, Generation } from "../../../core/table/read-table.ts";

const rowsPerPage = 500;

/**
 * Copies the rows, parked events and checkpoint of a generation into an empty one with other fields. A declared field keeps
 * its value if the value fits; otherwise it becomes null.
 * @throws SnapshotMismatchError with the row and the field, if a required field has no value or a unique value is repeated
 */
export async function convertRows(snapshotId: string, from: Generation, to: Generation): Promise<void> {
  const initialProgress = await to.progress();
  let page: Row[] = [];
  while ((page = await from.rows.find(rowsAfter(page.at(-1)?.id ?? null))).length > 0) {
    await inBatch(to, initialProgress, async (batch) => {
      for (const row of page) await putRow(snapshotId, to.fields, batch, row);
    });
    // A table may not yield to the event loop by itself.
    await new Promise((turn) => setImmediate(turn));
  }
  // Marked as reordered: no fold by the current definition yields these rows, so no other fold may start from them.
  await inBatch(to, { ...(await from.progress()), reordered: true }, async (batch) => {
    for (const event of await from.parked()) await batch.park(event);
  });
}

function rowsAfter(id: string | null): Query {
  const place = { field: "id", path: [] };
  return {
    where: id === null ? null : { ...place, type: "string", operator: "$gt", value: id },
    sort: [{ ...place, descending: false }],
    limit: rowsPerPage,
    offset: 0,
    search: null,
  };
}

async function inBatch(
  to: Generation,
  progress: Awaited<ReturnType<Generation["progress"]>>,
  fill: (batch: Batch) => Promise<void>,
): Promise<void> {
  const batch = await to.begin();
  try {
    await fill(batch);
    await batch.commit(progress);
  } catch (error) {
    await batch.rollback();
    throw error;
  }
}

async function putRow(snapshotId: string, fields: Fields, batch: Batch, row: Row): Promise<void> {
  const refuse = ({ field, found, expected }: Problem): never => {
    throw new SnapshotMismatchError(snapshotId, { field: `row ${row.id}: ${field}`, found, expected });
  };
  const values: Record<string, unknown> = {};
  for (const name of fields.keys()) Object.assign(values, fittingValue(fields, name, row[name]));
  const [missing] = missingFields(fields, values);
  if (missing) refuse({ ...missing, found: row[missing.field] });
  try {
    await batch.apply([{ operation: "create", id: row.id, values }]);
  } catch (error) {
    const { type, data } = error as { type?: unknown; data?: { field: string; actual: unknown } };
    if (type !== "DUPLICATE_ROW" || !data) throw error;
    refuse({
      field: data.field,
      found: data.actual,
      expected: "a value that no other row has, because the field is unique",
    });
  }
}

function fittingValue(fields: Fields, name: string, found: unknown): Record<string, unknown> {
  try {
    return checkRow(fields, { [name]: found });
  } catch {
    return {};
  }
}
