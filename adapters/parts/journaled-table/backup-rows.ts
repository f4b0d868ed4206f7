import type { Field } from "../../../core/rows/fields.ts";
import type { Origin, Progress } from "../../../core/table/read-table.ts";
import { BackupFolder } from "../backup-folder.ts";
import { jsonLinesOf } from "../json-lines.ts";
import { kinds, type Content, type Kind, type RowStore, type Write } from "./row-store.ts";

/** The content of `table.json`. */
export interface About {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  /** The number of passes over the rows. A row of a later pass replaces that of an earlier one. */
  passes: number;
}

/** One line of `rows.jsonl`. */
export type Line = [pass: number, kind: Kind, id: string, content: Content | null];

export const backupIn = (folder: string): BackupFolder<About> => new BackupFolder(folder, "rows.jsonl");

const linesPerRead = 1000;

/**
 * Writes a backup's rows into an empty generation. The number of the pass is the fence, as if each pass were a batch.
 */
export async function readRows(file: string, store: RowStore, number: number): Promise<void> {
  let writes: Write[] = [];
  let pass = 0;
  const flush = async () => {
    for (const kind of kinds) {
      const ofKind = writes.filter((write) => write.kind === kind);
      if (ofKind.length > 0) await store.documents(number, kind).put(ofKind, pass);
    }
    writes = [];
  };
  for await (const line of jsonLinesOf(file)) {
    const [of, kind, id, content] = line as Line;
    if (of !== pass || writes.length === linesPerRead) await flush();
    pass = of;
    writes.push({ kind, id, isNew: true, content });
  }
  await flush();
}
