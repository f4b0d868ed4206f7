import { Pace } from "../../../core/concurrency/pace.ts";
import { DuplicateRowError } from "../../../core/errors/errors.ts";
import { copiedFields } from "../../../core/rows/copied-fields.ts";
import { decode, emptyRow } from "./row-codec.ts";
import type { StoredGeneration } from "./stored-generation.ts";

/**
 * Copies rows, parked events and progress of one moment into an empty generation with other fields. Stored rows are
 * never changed in place, so a list of them is a snapshot. @throws DuplicateRowError
 */
export async function copyGeneration(from: StoredGeneration, to: StoredGeneration): Promise<void> {
  const { kept, newlyUnique } = copiedFields(from.fields, to.fields);
  const rows = [...from.rows.all()];
  for (const [id, event] of from.parked) to.parked.set(id, event);
  to.progress = { ...from.progress };
  const pace = new Pace();
  for (const row of rows) {
    for (const { name } of newlyUnique)
      if (row[name] !== null && [...to.rows.having(name, row[name]!)!].length > 0)
        throw new DuplicateRowError(name, decode(from.fields, row)[name]);
    const values = Object.fromEntries(kept.map(({ name }) => [name, row[name]!]));
    to.rows.put({ ...emptyRow(to.fields, row.id), ...values });
    if (pace.isDue()) await pace.turn();
  }
}
