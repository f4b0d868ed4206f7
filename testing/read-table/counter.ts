import type { FieldsInput } from "../../core/rows/fields.ts";
import type { Generation } from "../../core/table/read-table.ts";

/** The fields of the counting table. */
export const counterFields: FieldsInput = { total: "integer" };

/** Those of its copies: another field, and an index. */
export const copiedFields: FieldsInput = { total: { type: "integer", index: true }, name: "string" };

/** Folds one step of a count in one batch: a new row, ten rows that contain the count, and the checkpoint. */
export async function foldCount(generation: Generation, position: number): Promise<void> {
  const batch = await generation.begin();
  await batch.apply([{ operation: "create", id: `step ${position}`, values: { total: position } }]);
  for (let n = 0; n < 10; n++)
    await batch.apply([{ operation: "update", id: `count ${n}`, values: { total: position } }]);
  await batch.commit({ position, folded: position, positionId: null, reordered: false, log: "log-1" });
}
