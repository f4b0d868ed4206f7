import { rmSync } from "node:fs";
import { MissingLogError, UnusableStoreError } from "../../core/errors/errors.ts";
import { namedFile, sizeOfFile } from "./file-identity.ts";
import { tableFoldedFrom } from "./folded-logs.ts";
import type { HostFile } from "./host-file.ts";
import { headPath } from "./stored-head.ts";

/** How to proceed if the file contains no log. */
export interface BeginOptions {
  create: boolean;
  /** Ignore traces of a lost log. */
  isAnew: boolean;
}

/**
 * Prepares an empty log in a file that contains none. Throws if there is a trace of an earlier log, since a lost file
 * otherwise looks like a first start.
 * @throws UnusableStoreError
 */
export function beginLog(file: string, host: HostFile, { create, isAnew }: BeginOptions): void {
  if (!create) throw new MissingLogError(file);
  const trace = traceOf(file, host);
  if (trace === null) return;
  if (!isAnew)
    throw new UnusableStoreError(
      file,
      `found no log there, but ${trace}: no empty log was started. Put the log back, or restore a backup; or, to start an empty log, ${trace.includes("read table") ? "remove the files of the tables, or " : ""}open it with the option begin: "anew" (?begin=anew)`,
    );
  for (const path of [file, `${file}-wal`, `${file}-shm`, headPath(file)]) rmSync(path, { force: true });
  host.notes = {};
}

function traceOf(file: string, host: HostFile): string | null {
  const wal = sizeOfFile(`${file}-wal`);
  if (wal > 0) return `a -wal of ${wal} bytes with events of a log`;
  const { identity } = host.notes;
  if (identity !== undefined) return `the lock file ${host.path} belongs to log ${identity}`;
  // A host that was killed while it created its first log leaves an empty file and a lock file.
  if (host.isNew && namedFile(file)) return "an empty file";
  const table = tableFoldedFrom(file);
  return (
    table &&
    `a read table, ${table.file}, that was folded from log ${table.log} of this name up to position ${table.position}`
  );
}
