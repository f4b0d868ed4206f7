import { statSync } from "node:fs";

/** The file that a path currently names. Its inode number is not reused while the file is open. */
export interface NamedFile {
  /** Device and inode. */
  id: string;
  inode: string;
  /** Inode and creation time. An inode number may be reused after its file is removed. */
  birth: string;
  size: number;
  isFile: boolean;
}

/**
 * Identifies a file by `stat` alone. An open database, its -shm and its lock file must never be opened here: closing
 * any descriptor drops all locks of the process on the file, and a second host could then acquire them.
 */
export function namedFile(path: string): NamedFile | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found
    ? {
        id: `${found.dev}:${found.ino}`,
        inode: `${found.ino}`,
        birth: `${found.ino}:${found.birthtimeNs}`,
        size: Number(found.size),
        isFile: found.isFile(),
      }
    : null;
}

export const sizeOfFile = (path: string): number => namedFile(path)?.size ?? 0;
