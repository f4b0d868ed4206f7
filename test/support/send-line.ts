import { writeSync } from "node:fs";

/**
 * Sends one line to the parent process, synchronously and not through a stream, so that lines before a SIGKILL are in
 * the pipe. Waits while the pipe is full, since its reader may be slow.
 */
export function sendLine(...words: unknown[]): void {
  const line = Buffer.from(`${words.join(" ")}\n`);
  for (let at = 0; at < line.length;)
    try {
      at += writeSync(1, line, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
}
