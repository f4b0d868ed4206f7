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

/** One row or parked event as a copy reads it; one line of `rows.jsonl`. */
export type Line = [pass: number, kind: Kind, id: string, content: Content | null];

export const backupIn = (folder: string): BackupFolder<About> => new BackupFolder(folder, "rows.jsonl");

const linesPerWrite = 1000;

/**
 * Writes a copy's rows into an empty generation. The number of the pass is the fence, as if each pass were a batch.
 */
export class GenerationLines {
  readonly #store: RowStore;
  readonly #number: number;
  #writes: Write[] = [];
  #pass = 0;

  constructor(store: RowStore, number: number) {
    this.#store = store;
    this.#number = number;
  }

  async add([pass, kind, id, content]: Line): Promise<void> {
    if (pass !== this.#pass || this.#writes.length === linesPerWrite) await this.flush();
    this.#pass = pass;
    this.#writes.push({ kind, id, isNew: true, content });
  }

  async flush(): Promise<void> {
    for (const kind of kinds) {
      const ofKind = this.#writes.filter((write) => write.kind === kind);
      if (ofKind.length > 0) await this.#store.documents(this.#number, kind).put(ofKind, this.#pass);
    }
    this.#writes = [];
  }
}

/** Writes a backup's rows into an empty generation. */
export async function readRows(file: string, store: RowStore, number: number): Promise<void> {
  const lines = new GenerationLines(store, number);
  for await (const line of jsonLinesOf(file)) await lines.add(line as Line);
  await lines.flush();
}
