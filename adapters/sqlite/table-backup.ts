import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";
import type { Fields } from "../../core/rows/fields.ts";
import type { Progress, TableBackup } from "../../core/table/read-table.ts";
import { privateFile } from "../../core/files/private-files.ts";
import { syncFile, syncFolder } from "../../core/files/sync.ts";
import { asPassing } from "../../core/errors/system-errors.ts";
import { BulkWork } from "./bulk-work.ts";
import { translate } from "./errors.ts";
import { Flushing } from "./flushing.ts";
import type { SqliteGeneration } from "./generation.ts";
import { fillTable, indexTable } from "./generation-copy.ts";

/** Hashing this much takes about as long as starting a thread for it. */
const smallBytes = 8 * 1024 * 1024;

const fileIn = (folder: string) => join(folder, "table.db");

/** Copies generations to backup files and back, and to other generations. Each copy has its own worker thread. */
export class TableBackups {
  readonly #running = new Set<BulkWork>();

  /**
   * Copies a snapshot of the generation. Rows and checkpoint commit together, so the copy contains its own position.
   */
  async write(generation: SqliteGeneration, folder: string): Promise<TableBackup> {
    const copy = fileIn(folder);
    return this.#work(generation.file, async (work) => {
      const bytes = await generation.withoutCheckpoints(work, () => work.vacuumInto(generation.file, copy));
      // Not in the thread: Node's permission model disables fsyncSync, but not the sync of a file handle.
      await syncFile(copy);
      await syncFolder(folder);
      const [[rows] = [], [position, folded, positionId, reordered, log, definition, requestId] = []] = [
        ...(await work.run("query", copy, 'SELECT count(*) FROM "rows"')),
        ...(await work.run(
          "query",
          copy,
          "SELECT position, folded, position_id, reordered, log, definition, request_id FROM checkpoint",
        )),
      ];
      return {
        rows: rows as number,
        progress: { position, folded, positionId, reordered: reordered === 1, log } as Progress,
        origin: { definition: definition as string, requestId: requestId as string },
        checksum: await work.run("hash", copy),
        bytes,
      };
    });
  }

  /**
   * Copies a backup's file to `to`.
   * @throws SnapshotDamagedError
   */
  async read(folder: string, checksum: string, to: string): Promise<void> {
    const copy = fileIn(folder);
    await this.#work(copy, async (work) => {
      // Hash the copy, not the original: later changes in the folder then do not matter.
      await copyFile(copy, to).catch((error: NodeJS.ErrnoException) => {
        if (asPassing(copy, error, "nothing was stored")) throw error;
        throw new SnapshotDamagedError(copy, `its data cannot be read (${error.code ?? error.message})`, error);
      });
      await chmod(to, privateFile);
      const found = (await stat(to)).size > smallBytes ? await work.run("hash", to) : await hashOf(to);
      if (found !== checksum)
        throw new SnapshotDamagedError(copy, `found data with checksum ${found}, expected ${checksum}`);
    });
  }

  /**
   * Copies a snapshot of the generation to a file with other fields. Resolves when it is on the disk.
   * @throws DuplicateRowError
   */
  async copy(generation: SqliteGeneration, file: string, fields: Fields): Promise<void> {
    await this.#work(file, async (work) => {
      const flushing = new Flushing(file);
      try {
        await generation.withoutCheckpoints(work, () => fillTable(work, generation, file, fields));
        await indexTable(work, generation, file, fields);
      } finally {
        await flushing.end();
      }
      await syncFile(file);
    });
  }

  /** Ends the running copies, which reject. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((work) => work.close()));
  }

  async #work<Answer>(file: string, task: (work: BulkWork) => Promise<Answer>): Promise<Answer> {
    const work = new BulkWork();
    this.#running.add(work);
    try {
      return await task(work);
    } catch (error) {
      throw translate(file, error);
    } finally {
      this.#running.delete(work);
      await work.close();
    }
  }
}

/** Returns the same as the task `hash`, but yields to the event loop between chunks. */
async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
