import { closeSync, openSync, readSync } from "node:fs";

// https://www.sqlite.org/fileformat2.html#walformat
const headerBytes = 32;
const frameHeaderBytes = 24;
const magics = [0x377f0682, 0x377f0683];
const pageSizeAt = 8;
/** Offset of the salts in the header. The frames of the current log repeat them. */
const saltsAt = 16;
const frameSaltsAt = 8;
const saltBytes = 8;

/** Result of one inspection: the file's size, and the offset of the last frame if it was in use. */
interface Look {
  size: number;
  header: string;
  usedFrameAt: number | null;
}

/**
 * Detects truncation of an open database's -wal. SQLite writes each commit at the offset that it remembers. If the file
 * was truncated meanwhile, that leaves a hole, at which recovery stops. Opening the file here is safe, since SQLite
 * holds no locks on a -wal.
 */
export class OpenWal {
  readonly path: string;
  #last: Look = { size: 0, header: "", usedFrameAt: null };

  constructor(path: string) {
    this.path = path;
  }

  /**
   * True if the file was truncated since the last call. SQLite itself shrinks it only when it restarts it with another
   * header.
   */
  isCut(size: number): boolean {
    const last = this.#last;
    if (size === 0) {
      this.#last = { size, header: "", usedFrameAt: null };
      return false;
    }
    const opened = openSync(this.path, "r");
    try {
      const header = bytesAt(opened, 0, headerBytes);
      if (!magics.includes(header.readUInt32BE())) return true;
      const salts = header.subarray(saltsAt, saltsAt + saltBytes);
      const isUsed = (at: number) => bytesAt(opened, at + frameSaltsAt, saltBytes).equals(salts);
      const isSame = header.toString("hex") === last.header;
      if (isSame && (size < last.size || (last.usedFrameAt !== null && !isUsed(last.usedFrameAt)))) return true;
      const at = lastFrameAt(size, frameHeaderBytes + header.readUInt32BE(pageSizeAt));
      this.#last = { size, header: header.toString("hex"), usedFrameAt: at !== null && isUsed(at) ? at : null };
      return false;
    } finally {
      closeSync(opened);
    }
  }
}

/**
 * True if the file, which is not empty, is no -wal. SQLite would ignore it together with its events. After a power cut
 * it may consist of zeros, if nothing in it was acknowledged.
 */
export function isForeignWal(path: string): boolean {
  const opened = openSync(path, "r");
  try {
    const header = bytesAt(opened, 0, headerBytes);
    return !magics.includes(header.readUInt32BE()) && header.some((byte) => byte !== 0);
  } finally {
    closeSync(opened);
  }
}

const lastFrameAt = (size: number, frame: number): number | null => {
  const frames = Math.floor((size - headerBytes) / frame);
  return frames > 0 ? headerBytes + (frames - 1) * frame : null;
};

/** Pads with zeros beyond the end of the file. */
function bytesAt(file: number, at: number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  readSync(file, bytes, 0, count, at);
  return bytes;
}
