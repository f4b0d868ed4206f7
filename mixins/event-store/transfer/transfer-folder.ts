import { lstat, realpath, type FileHandle } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ValidationError } from "../../../core/errors/errors.ts";
import { asFileError } from "../../../core/files/new-file.ts";
import { openRegularFile } from "../../../core/files/regular-file.ts";

const existing = "a regular file that can be read";

/**
 * The one folder in which the actions `backup`, `export` and `import` may name files: every service on the broker can
 * call them. A relative path is resolved against this folder; an absolute one must be in it.
 */
export class TransferFolder {
  /** Absolute. */
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** The absolute path of a file that is to be made. @throws ValidationError naming `field` where it leads out of the folder */
  async pathOf(field: string, given: string): Promise<string> {
    const path = resolve(this.path, given);
    await this.#assertInside(field, given, path, "a path that can be written");
    return path;
  }

  /**
   * Opens a file of the folder for reading.
   * @throws ValidationError naming `field` where it leads out of the folder, or is no regular file that can be read
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

/** With every symbolic link followed; what does not exist yet keeps its name in the folder in which it would be made. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    // A link that exists and leads nowhere: what is made through it could be anywhere.
    const isLink =
      code === "ENOENT" &&
      (await lstat(path)
        .then((found) => found.isSymbolicLink())
        .catch(() => false));
    if (isLink || above === path || (code !== "ENOENT" && code !== "ENOTDIR")) throw error;
    return join(await realPathOf(above), basename(path));
  }
}
