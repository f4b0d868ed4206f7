import { closeSync, openSync, readSync } from "node:fs";

// https://www.sqlite.org/fileformat2.html#walformat
const headerBytes = 32;
const frameHeaderBytes = 24;
const magics = [0x377f0682, 0x377f0683];
const pageSizeAt = 8;
/** Of the header; those of a frame that belongs to it are the same. */
const saltsAt = 16;
const frameSaltsAt = 8;
const saltBytes = 8;

/** What a look has found: how long it was, and a frame at its end that was in use. */
interface Look {
  size: number;
  header: string;
  usedFrameAt: number | null;
}

/**
 * The -wal of an open database. A commit goes to the place in it that SQLite remembers: where the file was cut meanwhile,
 * that leaves a hole, at which the next start ends its reading. The file may be opened here, since no lock is ever held
 * on a -wal.
 */
export class OpenWal {
  readonly path: string;
  #last: Look = { size: 0, header: "", usedFrameAt: null };

  constructor(path: string) {
    this.path = path;
  }

  /** Whether something was cut off since the last look. SQLite itself makes it shorter only when it begins it again, with another header. */
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
 * Whether the file, which is not empty, is no -wal: SQLite would pass it by, and what it held. A power cut may leave
 * zeros where nothing was acknowledged.
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

/** Zeros where the file ends before. */
function bytesAt(file: number, at: number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  readSync(file, bytes, 0, count, at);
  return bytes;
}
