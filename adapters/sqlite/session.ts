import { randomUUID } from "node:crypto";
import type Database from "better-sqlite3";
import { isDiskFull } from "../../core/errors/outage.ts";
import { namedFile } from "./file-identity.ts";
import type { HostFile } from "./host-file.ts";

/** Removes the marks from a copy, since a copy is not the file that the host had open. */
export const forgetSession = "DELETE FROM about WHERE key LIKE 'opening%'";

/**
 * Marks this opening in the log's file and in the lock file. SQLite applies a -wal to any file beside it. The mark
 * shows the next host whether the two belong together, since an older copy of the file has another mark.
 */
export function beginSession(db: Database.Database, file: string, host: HostFile): void {
  try {
    mark(db, file, host);
  } catch (error) {
    // A full disk must not prevent opening a log. The marks of the last opening stay valid.
    if (!isDiskFull(error)) throw error;
  }
}

function mark(db: Database.Database, file: string, host: HostFile): void {
  const opening = randomUUID();
  const save = db.prepare("INSERT INTO about VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  db.transaction(() => {
    save.run("opening", opening);
    // After a crash before the lock file has the new mark, it still has this one.
    save.run("opening before", host.notes.opening ?? "");
  }).immediate();
  // Checkpoint at once: a mark in the -wal would match any file that the -wal is put beside.
  db.pragma("wal_checkpoint(TRUNCATE)");
  const identity = db.prepare("SELECT value FROM about WHERE key = 'identity'").pluck().get() as string;
  const inode = (path: string) => namedFile(path)?.inode ?? "none";
  host.notes = {
    identity,
    opening,
    inodes: { database: inode(file), wal: inode(`${file}-wal`), lock: inode(host.path) },
  };
}
