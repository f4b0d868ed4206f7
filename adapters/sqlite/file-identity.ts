import { closeSync, openSync, readSync, statSync } from "node:fs";

/** What a path names at this moment. A number of an inode is not given again while its file is open. */
export interface NamedFile {
  /** Device and inode. */
  id: string;
  inode: string;
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
    ? { id: `${found.dev}:${found.ino}`, inode: `${found.ino}`, size: Number(found.size), isFile: found.isFile() }
    : null;
}

export const sizeOfFile = (path: string): number => namedFile(path)?.size ?? 0;

const walHeaderBytes = 32;
/** SQLite's two, for the two orders of bytes of its checksums. */
const walMagics = [0x377f0682, 0x377f0683];

/** The header of a -wal: another one after each restart of it. Empty where the file has none. No lock is ever held on a -wal. */
export function walHeader(path: string): string {
  const header = Buffer.alloc(walHeaderBytes);
  const opened = openSync(path, "r");
  try {
    const isWhole = readSync(opened, header, 0, walHeaderBytes, 0) === walHeaderBytes;
    return isWhole && walMagics.includes(header.readUInt32BE()) ? header.toString("hex") : "";
  } finally {
    closeSync(opened);
  }
}
