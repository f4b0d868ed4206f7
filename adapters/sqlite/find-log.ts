import Database from "./driver.ts";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { logSchema } from "./event-schema.ts";
import { namedFile, sizeOfFile } from "./file-identity.ts";
import type { HostFile } from "./host-file.ts";
import { logProblem } from "./log-check.ts";
import { assertHead, headPath } from "./stored-head.ts";
import { isForeignWal } from "./open-wal.ts";

/** The content of a log's file, read before it is opened for writing. */
interface Peek {
  isEmpty: boolean;
  identity: string | null;
  /** The marks of the last opening and of the one before it. */
  openings: (string | null)[];
  /** The position of the last event. */
  head: number;
  problem: string | null;
}

/**
 * Inspects a log's file before anything is written to it.
 * @returns true if the file contains a log
 * @throws UnusableStoreError if the -wal belongs to another file, if file and -wal together are damaged, or if events
 *   are missing
 */
export function findLog(file: string, host: HostFile): boolean {
  const found = namedFile(file);
  if (!found || found.size === 0) return false;
  // For example a folder: `openDatabase` throws.
  if (!found.isFile) return true;
  const hasWal = sizeOfFile(`${file}-wal`) > 0;
  if (hasWal && isForeignWal(`${file}-wal`)) throw notOneLog(file, "it is no -wal of SQLite");
  if (hasWal) assertOfOneHost(file, host);
  const { isEmpty, identity, openings, head, problem } = peek(file, hasWal);
  if (hasWal && identity !== null) assertOpening(file, host, openings);
  if (problem !== null) throw notOneLog(file, problem);
  assertHead(file, openings, head);
  return !isEmpty;
}

/**
 * Opens the file read-only: the last writer that closes a database checkpoints the -wal into it, even a -wal that
 * belongs to another file.
 */
function peek(file: string, isUnclean: boolean): Peek {
  const db = new Database(file, { readonly: true, timeout: 0 });
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
    // The file of another program: `openDatabase` throws.
    const isOurs = [0, logSchema.applicationId].includes(db.pragma("application_id", { simple: true }) as number);
    if (!isOurs || !tables.includes("about") || !tables.includes("events"))
      return { isEmpty: isOurs && tables.length === 0, identity: null, openings: [], head: 0, problem: null };
    const about = (key: string) =>
      (db.prepare("SELECT value FROM about WHERE key = ?").pluck().get(key) as string | undefined) ?? null;
    const identity = about("identity");
    const openings = [about("opening"), about("opening before")];
    const head = db.prepare("SELECT ifnull(max(position), 0) FROM events").pluck().get() as number;
    return { isEmpty: identity === null, identity, openings, head, problem: isUnclean ? logProblem(db, file) : null };
  } finally {
    db.close();
  }
}

/** A file that replaces another has another inode. If the whole folder was copied, all inodes differ. */
function assertOfOneHost(file: string, host: HostFile): void {
  const { inodes } = host.record;
  if (!inodes || inodes.lock !== namedFile(host.path)?.inode || inodes.wal !== namedFile(`${file}-wal`)?.inode) return;
  if (inodes.database !== namedFile(file)?.inode)
    throw notOneLog(
      file,
      `the last host had this -wal open, but another file (if the file is a copy of that one, remove ${host.path})`,
    );
}

/**
 * Each opening writes a mark into the file and checkpoints it at once, so it is in the file and not in the -wal. If the
 * -wal's inode differs too, both files were restored together.
 */
function assertOpening(file: string, host: HostFile, found: readonly (string | null)[]): void {
  const { opening, inodes } = host.record;
  if (opening === undefined || found.includes(opening)) return;
  if (inodes && inodes.wal !== namedFile(`${file}-wal`)?.inode) return;
  throw notOneLog(file, "the file is a copy from before the last host opened it");
}

const notOneLog = (file: string, why: string) =>
  new UnusableStoreError(
    file,
    `found a -wal of ${sizeOfFile(`${file}-wal`)} bytes that does not belong to the file: ${why}. Nothing was changed. Put back the file that belongs to the -wal; or, to continue with this file without the events in the -wal, remove ${file}-wal, ${file}-shm and ${headPath(file)}`,
  );
