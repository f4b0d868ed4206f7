import { UnusableStoreError } from "../../core/errors/errors.ts";
import { asStoreError } from "../../core/errors/system-errors.ts";
import { times } from "../../core/concurrency/times.ts";
import { namedFile } from "./file-identity.ts";
import { OpenWal } from "./open-wal.ts";

/** What is open is no longer what its path names, or was cut off. Whatever is written there may be gone after a restart. */
export class MovedFilesError extends UnusableStoreError {
  readonly path: string;

  constructor(location: string, path: string, found: string, whatNow: string) {
    super(
      location,
      `found ${found} at ${path}, expected the file that was opened there: nothing more is stored in it or read from it. ${whatNow}`,
    );
    this.path = path;
  }
}

export interface OpenPaths {
  /** The database: its -wal and -shm are beside it, and it never gets shorter. */
  database: string;
  /** The path by which the database was named, where that leads through a link. */
  named?: string;
  lock: string;
}

/**
 * Compares the files that a host has open with those that their paths name. An open file goes on to work after it was
 * removed or replaced: without this, appends would be acknowledged that no restart finds again.
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
  /** Whatever is at the path later, the content was damaged. */
  #isCut = false;

  /**
   * To be made right after the database was opened and read from.
   * @param before what the path named before it was opened: another file by now is not the one that is open
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

  /** Looks, if the last look is a while ago. @throws MovedFilesError, also until a later look finds all as it was opened */
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
      // The next call looks again: what was in the way may have passed.
      this.#lookedAt = -Infinity;
      // What the paths name was seen; only the content of the -wal was not, and opening it takes a descriptor.
      if (isOutOfFiles(error)) return null;
      return () => asStoreError(this.#location, error, "its files cannot be looked at") as Error;
    }
  }

  #moved(path: string, found: string): () => Error {
    return () => new MovedFilesError(this.#location, path, found, this.#whatNow);
  }

  #cut(path: string, size: number): () => Error {
    this.#isCut = true;
    return this.#moved(path, `a file that was cut to ${size} bytes`);
  }
}

const isOutOfFiles = (error: unknown) => ["EMFILE", "ENFILE"].includes((error as NodeJS.ErrnoException).code ?? "");
