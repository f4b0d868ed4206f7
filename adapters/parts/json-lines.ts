import type { FileHandle } from "node:fs/promises";
import { linesOf } from "../../core/files/lines.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import { openRegularFile } from "../../core/files/regular-file.ts";
import { asPassing } from "../../core/errors/system-errors.ts";
import { SnapshotDamagedError } from "../../core/errors/snapshot-errors.ts";

/**
 * The longest line. The engines' limits for a row are lower; this one bounds the memory that a foreign file can take.
 */
const maxBytes = 256 * 1024 * 1024;

/**
 * The values of a backup file with one JSON value per line. Yields to the event loop between lines.
 * @throws SnapshotDamagedError with the number of the damaged line; StoreUnavailableError
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

/** @throws SnapshotDamagedError if it is not a readable regular file; StoreUnavailableError */
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
 * Reads a file that was just written, as a restore would, so that an unreadable backup fails now and not on a restore.
 * @throws SnapshotDamagedError if it has another number of lines
 */
export async function verifyLines(path: string, expected: number): Promise<void> {
  let found = 0;
  for await (const _ of jsonLinesOf(path)) found++;
  if (found !== expected) throw new SnapshotDamagedError(path, `found ${found} lines, expected ${expected}`);
}
