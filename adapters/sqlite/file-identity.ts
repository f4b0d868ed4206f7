import { statSync } from "node:fs";

/** What a path names at this moment. A number of an inode is not given again while its file is open. */
export interface NamedFile {
  /** Device and inode. */
  id: string;
  inode: string;
  /** The inode with the time at which it was created: a number may be given again once its file is removed. */
  birth: string;
  size: number;
  isFile: boolean;
}

/**
 * By `stat` alone. A database that is open, its -shm and its lock are never opened here: the operating system drops all
 * locks of a process on a file when the process closes any descriptor of it, and then a second host gets in.
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
