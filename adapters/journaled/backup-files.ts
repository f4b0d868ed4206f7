import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Field } from "../../core/fields.ts";
import type { Origin, Progress } from "../../core/read-table.ts";
import { SnapshotDamagedError } from "../../core/travel-errors.ts";
import { kinds, type Content, type Kind, type RowStore, type Write } from "./row-store.ts";

/** Beside the rows. */
export interface About {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  /** How often rows were written: what a later pass says of a row counts. */
  passes: number;
}

/** Of the file of rows. */
export type Line = [pass: number, kind: Kind, id: string, content: Content | null];

export const aboutIn = (folder: string): string => join(folder, "table.json");
export const rowsIn = (folder: string): string => join(folder, "rows.jsonl");
const linesPerRead = 1000;

/** What a backup holds. @throws SnapshotDamagedError */
export async function readAbout(folder: string, checksum: string): Promise<About> {
  const found = await checksumOf(folder).catch((error: NodeJS.ErrnoException) => {
    throw new SnapshotDamagedError(folder, `its data cannot be read (${error.code ?? error.message})`, error);
  });
  if (found !== checksum)
    throw new SnapshotDamagedError(folder, `found data with checksum ${found}, expected ${checksum}`);
  return JSON.parse(await readFile(aboutIn(folder), "utf8")) as About;
}

/** Puts a backup's rows into a generation that is there and empty; each pass counts as a batch. */
export async function readRows(folder: string, store: RowStore, number: number): Promise<void> {
  let writes: Write[] = [];
  let pass = 0;
  const flush = async () => {
    for (const kind of kinds) {
      const ofKind = writes.filter((write) => write.kind === kind);
      if (ofKind.length > 0) await store.documents(number, kind).put(ofKind, pass);
    }
    writes = [];
  };
  for await (const line of createInterface({ input: createReadStream(rowsIn(folder)), crlfDelay: Infinity })) {
    const [of, kind, id, content] = JSON.parse(line) as Line;
    if (of !== pass || writes.length === linesPerRead) await flush();
    pass = of;
    writes.push({ kind, id, isNew: true, content });
  }
  await flush();
}

/** Of both files, told apart. */
export async function checksumOf(folder: string): Promise<string> {
  const whole = createHash("sha256");
  for (const file of [aboutIn(folder), rowsIn(folder)]) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    whole.update(hash.digest());
  }
  return whole.digest("hex");
}

/** A new file, which is on the disk when it has answered. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.write(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
