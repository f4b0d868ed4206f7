import type { FieldsInput } from "../../core/rows/fields.ts";
import type { Generation } from "../../core/table/read-table.ts";

export const counterFields: FieldsInput = { total: "integer" };

/** Folds one step of a count: a new row, ten rows that all say the count, and the checkpoint; none without the others. */
export async function foldCount(generation: Generation, position: number): Promise<void> {
  const batch = await generation.begin();
  await batch.apply([{ operation: "create", id: `step ${position}`, values: { total: position } }]);
  for (let n = 0; n < 10; n++)
    await batch.apply([{ operation: "update", id: `count ${n}`, values: { total: position } }]);
  await batch.commit({ position, folded: position, positionId: null, reordered: false, log: "log-1" });
}
