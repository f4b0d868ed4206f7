import type { FileHandle } from "node:fs/promises";
import { linesOf } from "../../core/files/lines.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { openRegularFile } from "../../core/files/regular-file.ts";
import { asPassing } from "../../core/errors/system-errors.ts";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";

/** Of a row's line. An engine's own limits are lower; this one bounds the memory that a foreign file can take. */
const maxBytes = 256 * 1024 * 1024;

/**
 * The values of a backup's file, one a line, in pieces: the event loop has its turns.
 * @throws SnapshotDamagedError naming the line; StoreUnavailableError
 */
export async function* jsonLinesOf(path: string): AsyncGenerator {
  const file = await openBackup(path);
  const pace = new Pace();
  try {
    for await (const { number, text, error } of linesOf(file, { maxBytes })) {
      if (error) throw new SnapshotDamagedError(path, `line ${number}: ${error.message}`, error);
      yield parse(path, number, text);
      if (pace.isDue()) await pace.turn();
    }
  } finally {
    await file.close();
  }
}

/** Opens a file of a backup. @throws SnapshotDamagedError where it is no regular file that can be read; StoreUnavailableError */
export async function openBackup(path: string): Promise<FileHandle> {
  return openRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    throw (
      asPassing(path, error, "the backup was not read") ??
      new SnapshotDamagedError(path, `its data cannot be read (${error.code ?? error.message})`, error)
    );
  });
}

function parse(path: string, number: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SnapshotDamagedError(path, `line ${number}: found no JSON`, error);
  }
}

/**
 * Reads a file that was just written, as a restore reads it: what cannot be read back is no backup.
 * @throws SnapshotDamagedError where it has another number of lines
 */
export async function proveLines(path: string, expected: number): Promise<void> {
  let found = 0;
  for await (const _ of jsonLinesOf(path)) found++;
  if (found !== expected) throw new SnapshotDamagedError(path, `found ${found} lines, expected ${expected}`);
}
