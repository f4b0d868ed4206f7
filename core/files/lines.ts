import type { FileHandle } from "node:fs/promises";
import { ValidationError } from "../errors/errors.ts";
import { described } from "../errors/problem.ts";

/** One line that is not blank, or why it cannot be read: then it is the last one. */
export interface Line {
  /** From 1. */
  number: number;
  text: string;
  error?: Error;
  /** How much of the file was read so far, in bytes, and how much there is. */
  done: number;
  total: number;
}

export interface LineOptions {
  /** The longest line that is read into memory. */
  maxBytes: number;
  /** Called after each chunk of the file, so that a long stretch without a line can be interrupted: it may throw. */
  onChunk?: () => void;
}

const chunkBytes = 256 * 1024;
const newLine = 0x0a;

/**
 * The lines of a UTF-8 file, one after another; at most `maxBytes` of one in memory. Split at line feeds alone:
 * `readline` also splits at U+2028, U+2029 and carriage returns, of which JSON writes the first two unescaped.
 * @throws what reading the file throws
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

/** The pieces of a line whose end is not read yet. Joined once: a line may be as long as many chunks. */
class BegunLine {
  #pieces: Buffer[] = [];
  length = 0;

  /** Copies the piece: the chunk that it is a part of is filled again. */
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
    return { text: "", error: malformed("bytes that are no UTF-8", "JSON in UTF-8") };
  }
}

const malformed = (found: string, expected: string) =>
  new ValidationError([{ field: "line", found: described(found), expected }]);
