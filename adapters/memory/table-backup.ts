import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { privateFile } from "../../core/files/private-files.ts";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";
import { fieldsOf, type Field } from "../../core/rows/fields.ts";
import type { Origin, ParkedStream, Progress, TableBackup } from "../../core/table/read-table.ts";
import { jsonLinesOf, openBackup, verifyLines } from "../parts/json-lines.ts";
import type { StoredRow } from "../parts/rows/row-codec.ts";
import { StoredGeneration } from "../parts/rows/stored-generation.ts";

/** The first line of the file. Rows follow, then parked streams, one per line. */
interface Head {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  rows: number;
}

const linesPerWrite = 1000;
const fileIn = (folder: string) => join(folder, "table.jsonl");

/**
 * Writes a snapshot of the generation. Stored rows are never changed in place, so copying the list of rows suffices.
 */
export async function writeBackup(folder: string, generation: StoredGeneration): Promise<TableBackup> {
  const rows = [...generation.rows.all()];
  const parked = [...generation.parked.values()];
  const { origin, progress } = generation;
  const head: Head = {
    fields: [...generation.fields.values()],
    origin: { ...origin },
    progress: { ...progress },
    rows: rows.length,
  };
  const hash = createHash("sha256");
  const file = await open(fileIn(folder), "wx", privateFile);
  let bytes = 0;
  const write = async (lines: string[]) => {
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    hash.update(text);
    bytes += text.length;
    // Not `write`, which may write only a part of a chunk.
    await file.writeFile(text);
  };
  try {
    await write([JSON.stringify(head)]);
    for (let from = 0; from < rows.length; from += linesPerWrite)
      await write(rows.slice(from, from + linesPerWrite).map((row) => JSON.stringify(row)));
    await write(parked);
    await file.sync();
  } finally {
    await file.close();
  }
  const checksum = hash.digest("hex");
  await assertUndamaged(fileIn(folder), checksum);
  await verifyLines(fileIn(folder), 1 + rows.length + parked.length);
  return { rows: rows.length, progress: head.progress, origin: head.origin, checksum, bytes };
}

/**
 * Restores a generation from a backup.
 * @throws SnapshotDamagedError
 */
export async function readBackup(
  folder: string,
  checksum: string,
  number: number,
  requestId: string,
): Promise<StoredGeneration> {
  const file = fileIn(folder);
  await assertUndamaged(file, checksum);
  let generation: StoredGeneration | null = null;
  let rowsLeft = 0;
  for await (const line of jsonLinesOf(file))
    if (!generation) {
      const { fields, origin, progress, rows } = line as Head;
      generation = new StoredGeneration(number, fieldsOf(fields), {
        ...origin,
        requestId,
      });
      generation.progress = progress;
      rowsLeft = rows;
    } else if (rowsLeft > 0) {
      generation.rows.put(line as StoredRow);
      rowsLeft--;
    } else generation.parked.set((line as ParkedStream).id, JSON.stringify(line));
  return generation!;
}

async function assertUndamaged(path: string, checksum: string): Promise<void> {
  const hash = createHash("sha256");
  const file = await openBackup(path);
  for await (const part of file.createReadStream()) hash.update(part as Buffer);
  const found = hash.digest("hex");
  if (found !== checksum)
    throw new SnapshotDamagedError(path, `found data with checksum ${found}, expected ${checksum}`);
}
