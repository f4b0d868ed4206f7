import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { Field } from "../../../core/rows/fields.ts";
import type { TableBackup } from "../../../core/table/read-table.ts";
import { verifyLines } from "../json-lines.ts";
import { backupIn, type Line } from "./backup-rows.ts";
import { CopyLock } from "./copy-lock.ts";
import { kinds, type Content, type Documents, type RowStore } from "./row-store.ts";
import { doneBatch, dropped, generationIn, progressOf, type StoredGeneration } from "./stored-generation.ts";

const bytesPerWrite = 256 * 1024;
const passesBeforeLock = 4;
/** Commits are blocked for the last pass once the pass before it had fewer rows than this. */
const fewRows = 1000;

/**
 * Writes a consistent copy of a generation that hosts keep changing. The first pass copies all rows, each further pass
 * the rows written since the one before, and the last pass runs under a copy lock. Memory holds one chunk of lines.
 */
export class TableCopy {
  readonly #store: RowStore;
  readonly #number: number;
  readonly #put: (text: string) => Promise<void>;
  #lines: string[] = [];
  #bytes = 0;
  #count = 0;
  #pass = 0;

  private constructor(store: RowStore, number: number, put: (text: string) => Promise<void>) {
    this.#store = store;
    this.#number = number;
    this.#put = put;
  }

  static async write(store: RowStore, number: number, folder: string): Promise<TableBackup> {
    const backup = backupIn(folder);
    const { stored, rows, passes, lines } = await backup.writeRows((put) => new TableCopy(store, number, put).#write());
    await verifyLines(backup.rows, lines);
    const { fields, definition, requestId } = stored;
    const [origin, progress] = [{ definition, requestId }, progressOf(stored)];
    await backup.writeAbout({ fields: JSON.parse(fields) as Field[], origin, progress, passes });
    return { rows, progress, origin, ...(await backup.measured()) };
  }

  async #write(): Promise<{ stored: StoredGeneration; rows: number; passes: number; lines: number }> {
    let since = doneBatch(await this.#stored());
    await this.#pages((documents) => documents.find({}));
    for (let pass = 1; pass < passesBeforeLock; pass++) {
      const now = doneBatch(await this.#stored());
      const written = await this.#pages((documents) => documents.writtenAfter(since));
      since = now;
      if (written < fewRows) break;
    }
    for (;;) {
      const taken = await CopyLock.take(this.#store, this.#number);
      if (!taken) continue;
      const { lock, stored } = taken;
      await this.#pages((documents) => documents.writtenAfter(since), lock);
      const rows = await this.#store.documents(this.#number, "rows").count({});
      since = stored.batch;
      if (!(await lock.release())) continue;
      await this.#stored();
      return { stored, rows, passes: this.#pass, lines: this.#count };
    }
  }

  /** @throws StoreUnavailableError if the generation was replaced: its rows may be removed already */
  async #stored(): Promise<StoredGeneration> {
    const stored = await generationIn(this.#store, this.#number);
    if (stored && stored.epoch !== dropped) return stored;
    throw new StoreUnavailableError(
      this.#store.location,
      `generation ${this.#number} was replaced while it was copied`,
    );
  }

  async #pages(
    read: (documents: Documents) => AsyncIterable<{ id: string; content: Content | null }>,
    lock?: CopyLock,
  ) {
    this.#pass++;
    let written = 0;
    for (const kind of kinds)
      for await (const { id, content } of read(this.#store.documents(this.#number, kind))) {
        written++;
        await this.#add([this.#pass, kind, id, content]);
        await lock?.beat();
      }
    await this.#flush();
    return written;
  }

  async #add(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#count++;
    this.#bytes += text.length;
    if (this.#bytes > bytesPerWrite) await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#put(this.#lines.join(""));
    this.#lines = [];
    this.#bytes = 0;
  }
}
