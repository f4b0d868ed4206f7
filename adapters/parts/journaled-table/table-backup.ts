import type { Field } from "../../../core/rows/fields.ts";
import type { TableBackup } from "../../../core/table/read-table.ts";
import { verifyLines } from "../json-lines.ts";
import { backupIn, type Line } from "./backup-rows.ts";
import type { RowStore } from "./row-store.ts";
import { progressOf } from "./stored-generation.ts";
import { TableCopy, type LineSink } from "./table-copy.ts";

const bytesPerWrite = 256 * 1024;

/** Writes lines as JSON. Memory holds one chunk of them. */
class JsonLines implements LineSink {
  readonly #put: (text: string) => Promise<void>;
  #lines: string[] = [];
  #bytes = 0;
  count = 0;

  constructor(put: (text: string) => Promise<void>) {
    this.#put = put;
  }

  async add(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.count++;
    this.#bytes += text.length;
    if (this.#bytes > bytesPerWrite) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#put(this.#lines.join(""));
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** Writes a copy of a generation into an empty folder. */
export async function writeBackup(store: RowStore, number: number, folder: string): Promise<TableBackup> {
  const backup = backupIn(folder);
  const { stored, rows, passes, lines } = await backup.writeRows(async (put) => {
    const sink = new JsonLines(put);
    const copied = await TableCopy.read(store, number, sink);
    return { ...copied, lines: sink.count };
  });
  await verifyLines(backup.rows, lines);
  const { fields, definition, requestId } = stored;
  const [origin, progress] = [{ definition, requestId }, progressOf(stored)];
  await backup.writeAbout({ fields: JSON.parse(fields) as Field[], origin, progress, passes });
  return { rows, progress, origin, ...(await backup.measured()) };
}
