import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { ValidationError } from "../../core/errors.ts";
import { asFileError } from "../../core/new-file.ts";

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

const chunkBytes = 256 * 1024;
const newLine = 0x0a;

/**
 * The lines of a UTF-8 file, one after another; at most `maxBytes` of one in memory. Split at line feeds alone, not as
 * `readline` does it: JSON may hold other characters that end a line elsewhere.
 * @throws ValidationError naming `field`: no file there, or one that cannot be read
 */
export async function* linesOf(field: string, path: string, maxBytes: number): AsyncGenerator<Line> {
  const file = resolve(path);
  const handle = await open(file).catch((error: unknown) => {
    throw asFileError(field, file, "a file that can be read", error);
  });
  try {
    const total = (await handle.stat()).size;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const chunk = Buffer.alloc(chunkBytes);
    let rest: Buffer = Buffer.alloc(0);
    let [number, done] = [0, 0];
    const lineOf = (bytes: Buffer): Line => {
      number++;
      const line = { number, text: "", done, total };
      if (bytes.length > maxBytes)
        return { ...line, error: malformed(`more than ${maxBytes} bytes`, `at most ${maxBytes}`) };
      try {
        return { ...line, text: decoder.decode(bytes).trim() };
      } catch {
        return { ...line, error: malformed("bytes that are no UTF-8", "JSON in UTF-8") };
      }
    };
    for (;;) {
      const { bytesRead } = await handle.read(chunk).catch((error: unknown) => {
        throw asFileError(field, file, "a file that can be read", error);
      });
      done += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (let end; (end = bytes.indexOf(newLine, start)) >= 0; start = end + 1) {
        const line = lineOf(bytes.subarray(start, end));
        if (line.text !== "" || line.error) yield line;
        if (line.error) return;
      }
      rest = bytes.subarray(start);
      if (bytesRead === 0 || rest.length > maxBytes) break;
    }
    const last = lineOf(rest);
    if (last.text !== "" || last.error) yield last;
  } finally {
    await handle.close();
  }
}

const malformed = (found: string, expected: string) => new ValidationError([{ field: "line", found, expected }]);
