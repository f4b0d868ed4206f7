import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type Database from "better-sqlite3";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { privateFile } from "../../core/files/private-files.ts";
import { namedFile } from "./file-identity.ts";

/** What the last host of a log has noted of it. */
interface Noted {
  /** The mark of that opening, which is in the log's file as well. */
  opening: string;
  /** The file that was open: another one in its place is a backup. */
  file: string;
  /** Up to here events were stored. */
  head: number;
}

export const headPath = (file: string): string => `${file}.head`;

/**
 * The head that a host has stored, in a file beside its log. A -wal that is removed after a kill leaves a whole log that
 * ends earlier: only a note outside of both tells that events are missing. Written without a flush, so a kill loses
 * nothing of it; after a power cut it may be an earlier head, never a later one than that of a log whose commits are
 * flushed (`synchronous=FULL`).
 */
export class StoredHead {
  #descriptor: number | null = null;
  #noted: Noted;

  /** @param file a log that is open, and marked with its opening */
  constructor(db: Database.Database, file: string, head: number) {
    const opening = db.prepare("SELECT value FROM about WHERE key = 'opening'").pluck().get() as string | undefined;
    this.#noted = { opening: opening ?? "", file: namedFile(file)?.birth ?? "", head };
    if (opening === undefined) return;
    this.#unlessFailing(() => {
      this.#descriptor = openSync(headPath(file), "w", privateFile);
      this.#write();
    });
  }

  /** What is stored up to here is about to be acknowledged. */
  note(head: number): void {
    if (this.#descriptor === null || head <= this.#noted.head) return;
    this.#noted.head = head;
    this.#unlessFailing(() => this.#write());
  }

  /** Of one length or more with each head, so nothing of the last note is left behind it. */
  #write(): void {
    writeSync(this.#descriptor!, JSON.stringify(this.#noted), 0);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  /** The events are stored, whether it is noted or not: an older note is still right. */
  #unlessFailing(write: () => void): void {
    try {
      write();
    } catch {
      this.close();
    }
  }
}

/**
 * @param openings the marks of the last openings in the log's file
 * @param head the last position that is in it, its -wal included
 * @throws UnusableStoreError where the last host had stored more
 */
export function assertHead(file: string, openings: readonly (string | null)[], head: number): void {
  const noted = notedAt(headPath(file));
  // Of an earlier life, or of the file that was here before a backup was restored.
  if (!noted || !openings.includes(noted.opening) || noted.file !== namedFile(file)?.birth) return;
  if (noted.head <= head) return;
  throw new UnusableStoreError(
    file,
    `found events up to position ${head}, expected ${noted.head}, up to which its last host has stored them: its -wal was removed or cut. Nothing was changed. Put the -wal back; or, to go on without these events, remove ${headPath(file)}`,
  );
}

/** Null where there is none, or after a power cut no whole one. */
function notedAt(path: string): Noted | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Noted | null;
  } catch {
    return null;
  }
}
