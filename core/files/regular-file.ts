import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** On Windows O_NOFOLLOW and O_NONBLOCK are undefined and count as 0: only the type of the file is checked there. */
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a regular file for reading. Does not follow a symbolic link, and rejects a FIFO, a device or a folder: opening
 * a FIFO without a writer would block for ever.
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
