import { described } from "../../../core/errors/problem.ts";
import { SnapshotMismatchError } from "../../../core/errors/snapshot-errors.ts";
import type { Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";
import { convertRows } from "./convert-rows.ts";
import { howToForce } from "./fit.ts";

interface Restored {
  /** The snapshot's. */
  id: string;
  restored: Generation;
  requestId: string;
  force: boolean;
}

/**
 * A generation with the current fields and the rows of a restored one. It keeps the old definition, so the table is stale
 * until it is rebuilt.
 * @throws SnapshotMismatchError without `force`, or if a row does not fit
 */
export async function convertedGeneration(
  { id, restored, requestId, force }: Restored,
  table: ReadTable,
  fields: Fields,
): Promise<Generation> {
  if (!force)
    throw new SnapshotMismatchError(id, {
      field: "fields",
      found: described([...restored.fields.keys()].join(", ")),
      expected: `the current fields (${[...fields.keys()].join(", ")}) in this order, each as it is declared; ${howToForce}`,
    });
  const converted = await table.build(fields, { definition: restored.origin.definition, requestId });
  try {
    await convertRows(id, restored, converted);
    return converted;
  } catch (error) {
    // A table that was closed meanwhile has dropped the generation, or drops it at its next start.
    await table.drop(converted).catch(() => {});
    throw error;
  }
}
