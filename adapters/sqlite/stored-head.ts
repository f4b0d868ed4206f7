import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type Database from "better-sqlite3";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { privateFile } from "../../core/files/private-files.ts";
import { readFormat, withFormat, type Formatted } from "../../core/log/stored-format.ts";
import { namedFile } from "./file-identity.ts";

/** What the last host of a log has recorded. */
interface HeadRecord {
  /** The mark of that opening, which the log's file contains as well. */
  opening: string;
  /** The file that was open. Another file at its path is a restored backup. */
  file: string;
  /** The position of the last stored event. */
  head: number;
}

export const headPath = (file: string): string => `${file}.head`;

/**
 * Records the head that a host has stored, in a file beside its log. If a -wal is removed after a kill, the log is
 * valid but ends earlier; only a record outside of both files shows that events are missing. It is written without a
 * sync, so a kill does not lose it. After a power cut it may be outdated, but never ahead of a log whose commits are
 * synced (`durability: "power"`).
 */
export class StoredHead {
  #descriptor: number | null = null;
  readonly #recorded: Formatted<HeadRecord>;

  /** @param file an open log that contains the mark of its opening */
  constructor(db: Database.Database, file: string, head: number) {
    const opening = db.prepare("SELECT value FROM about WHERE key = 'opening'").pluck().get() as string | undefined;
    const birth = namedFile(file)?.birth ?? "";
    this.#recorded = withFormat("head", { opening: opening ?? "", file: birth, head: -1 });
    if (opening === undefined) return;
    try {
      this.#descriptor = openSync(headPath(file), "w", privateFile);
    } catch {
      // As in `record`.
    }
    this.record(head);
  }

  /**
   * Records the head before the events up to it are acknowledged. The text never gets shorter as the head grows, so
   * nothing of the last record remains behind it. A failure is ignored: the events are stored, and an older record is still
   * correct.
   */
  record(head: number): void {
    if (this.#descriptor === null || head <= this.#recorded.head) return;
    this.#recorded.head = head;
    try {
      writeSync(this.#descriptor, JSON.stringify(this.#recorded), 0);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/**
 * @param openings the marks of the last openings in the log's file
 * @param head the position of the last event, including the -wal
 * @throws UnusableStoreError if the last host had stored more, or was of a newer version
 */
export function assertHead(file: string, openings: readonly (string | null)[], head: number): void {
  const recorded = readRecord(headPath(file));
  // The record of an earlier opening, or of the file before a backup was restored.
  if (!recorded || !openings.includes(recorded.opening) || recorded.file !== namedFile(file)?.birth) return;
  if (recorded.head <= head) return;
  throw new UnusableStoreError(
    file,
    `found events up to position ${head}, expected ${recorded.head}, the last position that its last host stored: its -wal was removed or truncated. Nothing was changed. Put the -wal back; or, to continue without these events, remove ${headPath(file)}`,
  );
}

/**
 * Null if there is no record, or only a part of one after a power cut.
 * @throws UnusableStoreError if a newer version has written it
 */
function readRecord(path: string): HeadRecord | null {
  let found: { $format?: unknown } | null;
  try {
    found = JSON.parse(readFileSync(path, "utf8")) as { $format?: unknown } | null;
  } catch {
    return null;
  }
  return typeof found?.$format === "number" ? readFormat(path, "head", found) : null;
}
