import { open } from "node:fs/promises";

/** Waits until a file's content is on the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits until a folder's entries are on the disk. Windows cannot flush a folder, and does not need to. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform !== "win32") await syncFile(path);
}
