import type { FileHandle } from "node:fs/promises";
import { ValidationError } from "../errors/errors.ts";
import { described } from "../errors/problem.ts";

/** A line that is not blank. One with an `error` is the last. */
export interface Line {
  /** From 1. */
  number: number;
  text: string;
  error?: Error;
  /** Bytes of the file read so far, and its size. */
  done: number;
  total: number;
}

export interface LineOptions {
  /** Longest line that is read into memory. */
  maxBytes: number;
  /** Called after each chunk, so that a long stretch without a line can be interrupted: it may throw. */
  onChunk?: () => void;
}

const chunkBytes = 256 * 1024;
const newLine = 0x0a;

/**
 * Reads the lines of a UTF-8 file, with at most `maxBytes` of one in memory. Splits at line feeds only: `readline` also
 * splits at U+2028, U+2029 and carriage returns, and JSON writes the first two unescaped.
 * @throws whatever reading the file throws
 */
export async function* linesOf(file: FileHandle, { maxBytes, onChunk }: LineOptions): AsyncGenerator<Line> {
  const total = (await file.stat()).size;
  const chunk = Buffer.alloc(chunkBytes);
  const begun = new BegunLine();
  let [number, done] = [0, 0];
  const lineOf = (bytes: Buffer): Line => ({ ...readLine(bytes, maxBytes), number: ++number, done, total });
  for (;;) {
    const { bytesRead } = await file.read(chunk);
    onChunk?.();
    done += bytesRead;
    const bytes = chunk.subarray(0, bytesRead);
    let start = 0;
    for (let end; (end = bytes.indexOf(newLine, start)) >= 0; start = end + 1) {
      const line = lineOf(begun.endWith(bytes.subarray(start, end)));
      if (line.text !== "" || line.error) yield line;
      if (line.error) return;
    }
    begun.add(bytes.subarray(start));
    if (bytesRead === 0 || begun.length > maxBytes) break;
  }
  const last = lineOf(begun.endWith(Buffer.alloc(0)));
  if (last.text !== "" || last.error) yield last;
}

/** The pieces of an unfinished line. Joined once, since a line may span many chunks. */
class BegunLine {
  #pieces: Buffer[] = [];
  length = 0;

  /** Copies the piece, since its chunk is overwritten by the next read. */
  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(Buffer.from(piece));
    this.length += piece.length;
  }

  endWith(piece: Buffer): Buffer {
    const line = this.length === 0 ? piece : Buffer.concat([...this.#pieces, piece]);
    this.#pieces = [];
    this.length = 0;
    return line;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function readLine(bytes: Buffer, maxBytes: number): Pick<Line, "text" | "error"> {
  if (bytes.length > maxBytes)
    return { text: "", error: malformed(`more than ${maxBytes} bytes`, `at most ${maxBytes}`) };
  try {
    return { text: decoder.decode(bytes).trim() };
  } catch {
    return { text: "", error: malformed("bytes that are not UTF-8", "JSON in UTF-8") };
  }
}

const malformed = (found: string, expected: string) =>
  new ValidationError([{ field: "line", found: described(found), expected }]);
