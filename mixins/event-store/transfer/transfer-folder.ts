import { lstat, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ValidationError } from "../../../core/errors/errors.ts";
import { asFileError } from "../../../core/files/new-file.ts";
import { openRegularFile } from "../../../core/files/regular-file.ts";

const existing = "a regular file that can be read";

/**
 * The only folder in which the actions `backup`, `export` and `import` read and write files, because every service on the
 * broker can call them. A relative path is resolved against this folder; an absolute path must be inside it.
 */
export class TransferFolder {
  /** The absolute path of the folder. */
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** The absolute path of a file to create. @throws ValidationError for `field` if the path is outside of the folder */
  async pathOf(field: string, given: string): Promise<string> {
    const path = resolve(this.path, given);
    await this.#assertInside(field, given, path, "a path that can be written");
    return path;
  }

  /**
   * Opens a file of the folder for reading.
   * @throws ValidationError for `field` if the path is outside of the folder, or not a readable regular file
   */
  async open(field: string, given: string): Promise<FileHandle> {
    const path = resolve(this.path, given);
    await this.#assertInside(field, given, path, existing);
    return openRegularFile(path).catch((error: unknown) => {
      throw asFileError(field, path, existing, error);
    });
  }

  async #assertInside(field: string, given: string, path: string, expected: string): Promise<void> {
    const [folder, found] = await Promise.all([this.path, path].map(realPathOf)).catch((error: unknown) => {
      throw asFileError(field, path, expected, error);
    });
    if (isIn(folder!, found!)) return;
    throw new ValidationError([
      { field, found: given, expected: `a path in the folder ${this.path} (the store's option transferFolder)` },
    ]);
  }
}

function isIn(folder: string, path: string): boolean {
  const rest = relative(folder, path);
  return rest !== ".." && !rest.startsWith(`..${sep}`) && !isAbsolute(rest);
}

/** Resolves every symbolic link of a path. The last part of the path need not exist yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    // A dangling symbolic link: a file created through it could be anywhere.
    const isLink =
      code === "ENOENT" &&
      (await lstat(path)
        .then((found) => found.isSymbolicLink())
        .catch(() => false));
    if (isLink || parent === path || (code !== "ENOENT" && code !== "ENOTDIR")) throw error;
    return join(await realPathOf(parent), basename(path));
  }
}
