import { DuplicateRowError } from "../../core/errors/errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import { copiedFields } from "../../core/rows/copied-fields.ts";
import type { BulkWork } from "./bulk-work.ts";
import type { SqliteGeneration } from "./generation.ts";
import { createIndexes, quote, rowDecoder } from "./row-codec.ts";

const progress = "position, folded, position_id, reordered, log";

/** Copies one snapshot of rows, parked events and checkpoint into an empty file, whose indexes do not exist yet. */
export async function fillTable(work: BulkWork, from: SqliteGeneration, file: string, fields: Fields): Promise<void> {
  const { kept } = copiedFields(from.fields, fields);
  const columns = ["id", ...kept.map(({ name }) => name)].map(quote).join(", ");
  const sql = `INSERT INTO "rows" (${columns}) SELECT ${columns} FROM source."rows" ORDER BY id;
    INSERT INTO parked SELECT * FROM source.parked;
    UPDATE checkpoint SET (${progress}) = (SELECT ${progress} FROM source.checkpoint);`;
  await work.run("fill", file, from.file, sql);
}

/** @throws DuplicateRowError */
export async function indexTable(work: BulkWork, from: SqliteGeneration, file: string, fields: Fields): Promise<void> {
  for (const field of copiedFields(from.fields, fields).newlyUnique) {
    const column = quote(field.name);
    const repeated = `SELECT id, ${column} FROM "rows" WHERE ${column} IS NOT NULL GROUP BY ${column} HAVING count(*) > 1 LIMIT 1`;
    const [row] = await work.run("query", file, repeated);
    if (row) throw new DuplicateRowError(field.name, rowDecoder(new Map([[field.name, field]]))(row)[field.name]);
  }
  await work.run("change", file, `PRAGMA synchronous = OFF; ${createIndexes(fields)}`);
}
