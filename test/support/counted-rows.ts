import { parseFields } from "../../core/rows/fields.ts";
import type { Query } from "../../core/query/query.ts";
import type { Batch, Generation, Progress, Rows } from "../../core/table/read-table.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

/** A batch of changes; `add` depends on the row's value, so that a repetition is visible. */
export type CountChange = { id: string; does: "add" | "remove" | "again" };

export const countedFields = parseFields("counted", { total: "integer", batch: "integer" });

export const progressAt = (position: number): Progress => ({
  position,
  positionId: `event ${position}`,
  folded: position,
  reordered: false,
  log: "log",
});

const all: Query = { where: null, sort: [], limit: null, offset: 0, search: null };

/** Folds the batch at this position, like a transform that queries its own table. */
export async function foldBatch(
  generation: Generation,
  doings: readonly CountChange[],
  position: number,
): Promise<void> {
  const batch: Batch = await generation.begin();
  try {
    for (const doing of doings) await batch.apply(await changesOf(batch.rows, doing, position));
    await batch.commit(progressAt(position));
  } catch (error) {
    await batch.rollback();
    throw error;
  }
}

async function changesOf(rows: Rows, { id, does }: CountChange, batch: number): Promise<RowChange[]> {
  const [row] = await rows.findByIds([id]);
  if (does === "remove") return [{ operation: "remove", id }];
  if (does === "again")
    return [
      { operation: "remove", id },
      { operation: "create", id, values: { total: -1, batch } },
    ];
  return [{ operation: "update", id, values: { total: Number(row?.["total"] ?? 0) + 1, batch } }];
}

/** The rows of the first batches, computed with plain loops. */
export function plainly(batches: readonly (readonly CountChange[])[], upTo: number): Record<string, [number, number]> {
  const rows: Record<string, [total: number, batch: number]> = {};
  for (const [index, doings] of batches.slice(0, upTo).entries())
    for (const { id, does } of doings) {
      if (does === "add") rows[id] = [(rows[id]?.[0] ?? 0) + 1, index + 1];
      else if (does === "again") rows[id] = [-1, index + 1];
      else delete rows[id];
    }
  return rows;
}

export const rowsIn = async (rows: Rows): Promise<Record<string, unknown>> =>
  Object.fromEntries((await rows.find(all)).map(({ id, total, batch }) => [id, [total, batch]]));
