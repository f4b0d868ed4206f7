import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** Windows has no O_NOFOLLOW and no O_NONBLOCK: undefined counts as 0 there, and the type of the file is checked alone. */
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file for reading. A symbolic link is not followed, and a FIFO, a device or a folder is refused: the
 * open call of a FIFO without a writer would otherwise never return.
 * @throws an error with a system's code (ELOOP, EISDIR, EINVAL …)
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, readOnly);
  try {
    const found = await handle.stat();
    if (found.isFile()) return handle;
    const code = found.isDirectory() ? "EISDIR" : "EINVAL";
    throw Object.assign(new Error(`${code}: no regular file, open '${path}'`), { code });
  } catch (error) {
    await handle.close();
    throw error;
  }
}
