import { UnusableStoreError } from "../../core/errors/errors.ts";
import { asStoreError } from "../../core/errors/system-errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { namedFile } from "./file-identity.ts";
import { OpenWal } from "./open-wal.ts";

/**
 * A path no longer names the open file, or the file was truncated. Further writes might be lost at the next restart.
 */
export class MovedFilesError extends UnusableStoreError {
  readonly path: string;

  constructor(location: string, path: string, found: string, whatNow: string) {
    super(
      location,
      `found ${found} at ${path}, expected the file that was opened there: it is neither written nor read any more. ${whatNow}`,
    );
    this.path = path;
  }
}

export interface OpenPaths {
  /** The database file, with its -wal and -shm beside it. It never shrinks. */
  database: string;
  /** The path by which the database was named, if that is a symbolic link. */
  named?: string;
  lock: string;
}

/**
 * Compares a host's open files with the files that their paths name. An open file keeps working after it was removed or
 * replaced. Without this check, appends would be acknowledged that are lost at the next restart.
 */
export class OpenFiles {
  readonly #location: string;
  readonly #database: string;
  readonly #whatNow: string;
  readonly #opened = new Map<string, string>();
  #size = 0;
  readonly #wal: OpenWal;
  #lookedAt = -Infinity;
  #failure: (() => Error) | null = null;
  /** The content was damaged, whatever file the path names later. */
  #isCut = false;

  /**
   * Create it right after the database was opened and first read.
   * @param before id of the file that the path named before the database was opened. If it names another file by now,
   *   that is not the open one.
   */
  constructor({ database, named = database, lock }: OpenPaths, before: string | null, whatNow: string) {
    this.#location = named;
    this.#database = database;
    this.#whatNow = whatNow;
    this.#wal = new OpenWal(`${database}-wal`);
    for (const path of new Set([database, named, this.#wal.path, `${database}-shm`, lock]))
      this.#opened.set(path, (path === database && before) || (namedFile(path)?.id ?? "none"));
    this.check();
  }

  /**
   * Inspects the files, at most once per interval.
   * @throws MovedFilesError until a later inspection finds all files as they were opened
   */
  check(): void {
    const now = performance.now();
    if (now - this.#lookedAt >= times.openFiles.checkEveryMs && !this.#isCut) {
      this.#lookedAt = now;
      this.#failure = this.#look();
    }
    if (this.#failure) throw this.#failure();
  }

  #look(): (() => Error) | null {
    try {
      for (const [path, id] of this.#opened) {
        const found = namedFile(path);
        if (found?.id !== id) return this.#moved(path, found ? "another file" : "no file");
        if (path === this.#database && found.size < this.#size) return this.#cut(path, found.size);
        if (path === this.#database) this.#size = found.size;
        if (path === this.#wal.path && this.#wal.isCut(found.size)) return this.#cut(path, found.size);
      }
      return null;
    } catch (error) {
      // Inspect again at the next call: the cause may be temporary.
      this.#lookedAt = -Infinity;
      // All paths were checked. Only the -wal's content was not, since opening it needs a descriptor.
      if (isOutOfFiles(error)) return null;
      return () => asStoreError(this.#location, error, "its files cannot be inspected") as Error;
    }
  }

  #moved(path: string, found: string): () => Error {
    return () => new MovedFilesError(this.#location, path, found, this.#whatNow);
  }

  #cut(path: string, size: number): () => Error {
    this.#isCut = true;
    return this.#moved(path, `a file that was truncated to ${size} bytes`);
  }
}

const isOutOfFiles = (error: unknown) => ["EMFILE", "ENFILE"].includes((error as NodeJS.ErrnoException).code ?? "");
