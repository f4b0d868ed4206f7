/** Translates SQLite's errors into those of the library. */
import { InvalidQueryError, StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { described } from "../../core/errors/problem.ts";
import { asPassing, asStoreError, openFilesProblem } from "../../core/errors/system-errors.ts";

/** Compares the name, not the class: the native module keeps the error class of the first loaded copy of the driver. */
export const isSqliteError = (error: unknown): error is Error & { code: string } =>
  (error as Error | null)?.name === "SqliteError";

/** Translates the driver's error and keeps it as `cause`. Returns any other error unchanged. */
export function translate(file: string, error: unknown): unknown {
  if (!isSqliteError(error)) return asStoreError(file, error, "cannot be opened");
  const code = error.code.split("_").slice(0, 2).join("_");
  switch (code) {
    case "SQLITE_NOTADB":
      return new UnusableStoreError(
        file,
        "found a file that is no SQLite database: restore a log from a backup; delete a read table's file to rebuild it",
        error,
      );
    case "SQLITE_CORRUPT":
      return new UnusableStoreError(
        file,
        "the database is damaged: restore a log from a backup; rebuild a read table, or delete its file",
        error,
      );
    case "SQLITE_CANTOPEN":
      // SQLite does not pass on the operating system's error.
      return asPassing(file, openFilesProblem(), "nothing was stored") ?? notWritable(file, error);
    case "SQLITE_READONLY":
    case "SQLITE_PERM":
      return notWritable(file, error);
    case "SQLITE_FULL":
      return new StoreUnavailableError(file, "the disk is full; nothing was stored", error);
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
      return new StoreUnavailableError(file, "another process holds the file's lock; nothing was stored", error);
    case "SQLITE_NOMEM":
      return new StoreUnavailableError(file, "the process is out of memory; nothing was stored", error);
    case "SQLITE_IOERR":
      return new StoreUnavailableError(file, `the disk failed (${error.code}); nothing was stored`, error);
    default:
      return asQueryError(error);
  }
}

const notWritable = (file: string, error: Error & { code: string }) =>
  new UnusableStoreError(file, `cannot be opened for writing (${error.code})`, error);

/** Maps SQLite's limits on statements to errors of the query. Returns any other error unchanged. */
export function asQueryError(error: unknown): unknown {
  if (
    !isSqliteError(error) ||
    !/expression tree is too large|too many SQL variables|parser stack|recursion limit/i.test(error.message)
  )
    return error;
  return new InvalidQueryError({ field: "query", found: described(error.message), expected: "fewer conditions" });
}
