import { writeSync } from "node:fs";

/**
 * One line to whoever started this process, written at once and not through a stream: what was said before a SIGKILL is in
 * the pipe. One that is full is waited for: its reader may be slow.
 */
export function say(...words: unknown[]): void {
  const line = Buffer.from(`${words.join(" ")}\n`);
  for (let at = 0; at < line.length;)
    try {
      at += writeSync(1, line, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
}
