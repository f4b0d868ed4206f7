import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { StoreUnavailableError } from "../../core/errors.ts";
import type { Field } from "../../core/fields.ts";
import type { Origin, Progress, TableBackup } from "../../core/read-table.ts";
import { SnapshotDamagedError } from "../../core/travel-errors.ts";
import { Hold } from "./hold.ts";
import type { Content, Documents, Kind, RowStore, Write } from "./row-store.ts";
import { doneBatch, dropped, generationId, progressOf, type StoredGeneration } from "./stored-generation.ts";

/** Beside the rows. */
export interface About {
  fields: Field[];
  origin: Origin;
  progress: Progress;
  /** How often rows were written: what a later pass says of a row counts. */
  passes: number;
}

type Line = [pass: number, kind: Kind, id: string, content: Content | null];

const aboutIn = (folder: string) => join(folder, "table.json");
const rowsIn = (folder: string) => join(folder, "rows.jsonl");
const bytesPerWrite = 256 * 1024;
const linesPerRead = 1000;
const passesBeforeHold = 4;
/** So few are read while commits wait. */
const fewRows = 1000;
const kinds = ["rows", "parked"] as const;

/**
 * Writes one moment of a generation that is folded on meanwhile, by this host or another: everything first, then, pass
 * by pass, what was written since, and the last of it while commits wait. Nothing but a batch of lines is held in memory.
 */
export class TableCopy {
  readonly #store: RowStore;
  readonly #number: number;
  readonly #file: FileHandle;
  #lines: string[] = [];
  #bytes = 0;
  #pass = 0;

  private constructor(store: RowStore, number: number, file: FileHandle) {
    this.#store = store;
    this.#number = number;
    this.#file = file;
  }

  static async write(store: RowStore, number: number, folder: string): Promise<TableBackup> {
    const file = await open(rowsIn(folder), "wx");
    try {
      const copy = new TableCopy(store, number, file);
      const { stored, rows } = await copy.#write();
      await file.sync();
      const { fields, definition, order } = stored;
      const about: About = {
        fields: JSON.parse(fields) as Field[],
        origin: { definition, order },
        progress: progressOf(stored),
        passes: copy.#pass,
      };
      await writeWhole(aboutIn(folder), JSON.stringify(about));
      const sizes = await Promise.all([aboutIn(folder), rowsIn(folder)].map((path) => stat(path)));
      const bytes = sizes.reduce((sum, { size }) => sum + size, 0);
      return { rows, progress: about.progress, origin: about.origin, checksum: await checksumOf(folder), bytes };
    } finally {
      await file.close();
    }
  }

  async #write(): Promise<{ stored: StoredGeneration; rows: number }> {
    let since = doneBatch(await this.#stored());
    await this.#pages((documents) => documents.find({}));
    for (let pass = 1; pass < passesBeforeHold; pass++) {
      const now = doneBatch(await this.#stored());
      const written = await this.#pages((documents) => documents.writtenAfter(since));
      since = now;
      if (written < fewRows) break;
    }
    for (;;) {
      const held = await Hold.take(this.#store, this.#number);
      if (!held) continue;
      const { hold, stored } = held;
      await this.#pages((documents) => documents.writtenAfter(since), hold);
      const rows = await this.#store.documents(this.#number, "rows").count({});
      since = stored.batch;
      if (!(await hold.release())) continue;
      await this.#stored();
      return { stored, rows };
    }
  }

  /** @throws StoreUnavailableError where its rows may be removed by now */
  async #stored(): Promise<StoredGeneration> {
    const stored = (await this.#store.heads.get(generationId(this.#number))) as StoredGeneration | null;
    if (stored && stored.epoch !== dropped) return stored;
    throw new StoreUnavailableError(this.#store.where, `generation ${this.#number} was replaced while it was copied`);
  }

  async #pages(read: (documents: Documents) => AsyncIterable<{ id: string; content: Content | null }>, hold?: Hold) {
    this.#pass++;
    let written = 0;
    for (const kind of kinds)
      for await (const { id, content } of read(this.#store.documents(this.#number, kind))) {
        written++;
        await this.#add([this.#pass, kind, id, content]);
        await hold?.beat();
      }
    await this.#flush();
    return written;
  }

  async #add(line: Line): Promise<void> {
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#bytes += text.length;
    if (this.#bytes > bytesPerWrite) await this.#flush();
  }

  async #flush(): Promise<void> {
    await this.#file.write(this.#lines.join(""));
    this.#lines = [];
    this.#bytes = 0;
  }
}

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
async function checksumOf(folder: string): Promise<string> {
  const whole: Hash = createHash("sha256");
  for (const file of [aboutIn(folder), rowsIn(folder)]) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    whole.update(hash.digest());
  }
  return whole.digest("hex");
}

/** A new file, which is on the disk when it has answered. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.write(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
