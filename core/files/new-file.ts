import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ValidationError } from "../errors/errors.ts";
import { privateFile, privateFolder } from "./private-files.ts";
import { syncFile, syncFolder } from "./sync.ts";
import { asDenied, asPassing, isWrongPath, systemCodeOf } from "../errors/system-errors.ts";

/** Translates a system's error about a file that a caller named; returns any other error as it is. */
export function asFileError(field: string, path: string, expected: string, error: unknown): unknown {
  const known = asDenied(path, error) ?? asPassing(path, error, "nothing is left there");
  if (known) return known;
  const code = systemCodeOf(error);
  if (!isWrongPath(code)) return error;
  return Object.assign(new ValidationError([{ field, found: path, expected: `${expected} (${code})` }]), {
    cause: error,
  });
}

/**
 * A file that appears under its name complete and on the disk, or not at all. Until then it is written beside it, as
 * `<name>.<uuid>.part`; a part file that a killed process leaves behind may be deleted.
 */
export class NewFile {
  /** The absolute path of the finished file. */
  readonly path: string;
  /** The path that is written to. */
  readonly temporary: string;
  readonly #field: string;

  private constructor(field: string, path: string) {
    this.#field = field;
    this.path = path;
    this.temporary = `${path}.${randomUUID()}.part`;
  }

  /**
   * Creates an empty part file, and its folder. A relative path is resolved against the working directory.
   * @throws ValidationError naming `field` if the path exists already or cannot be written
   */
  static async at(field: string, path: string): Promise<NewFile> {
    const file = new NewFile(field, resolve(path));
    await file.#do(async () => {
      await mkdir(dirname(file.path), { recursive: true, mode: privateFolder });
      await file.assertAbsent();
      await (await open(file.temporary, "wx", privateFile)).close();
    });
    return file;
  }

  async assertAbsent(): Promise<void> {
    const there = await lstat(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (there) throw this.#existing();
  }

  #existing(): ValidationError {
    return new ValidationError([
      { field: this.#field, found: this.path, expected: "a path that does not exist yet: nothing is overwritten" },
    ]);
  }

  /** Moves the part file to its path. @throws ValidationError if the path exists by now */
  async place(): Promise<void> {
    await this.#do(async () => {
      await syncFile(this.temporary);
      try {
        // Unlike a rename, a link never takes the place of another file.
        await link(this.temporary, this.path);
        await rm(this.temporary);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") throw this.#existing();
        // The file system has no links.
        await this.assertAbsent();
        await rename(this.temporary, this.path);
      }
      await syncFolder(dirname(this.path));
    });
  }

  async discard(): Promise<void> {
    await rm(this.temporary, { force: true });
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard().catch(() => {});
      throw asFileError(this.#field, this.path, "a path that can be written", error);
    }
  }
}
