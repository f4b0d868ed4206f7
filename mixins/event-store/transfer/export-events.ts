import { open } from "node:fs/promises";
import type { EventFormat } from "../../../core/interchange/event-format.ts";
import type { EventLog, ReadOptions } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { asFileError, NewFile } from "../../../core/files/new-file.ts";
import type { Job } from "../host/jobs.ts";

export interface ExportAnswer {
  path: string;
  events: number;
  /** The log was read up to this position. Pass it as `after` to the next export. */
  position: number;
}

/** `isExported`: called with each event that is read. */
interface ExportOptions extends Omit<ReadOptions, "limit" | "backward"> {
  isExported?: (event: RecordedEvent) => boolean;
}

const pageSize = 1000;

/**
 * Writes the stored events up to `head` into a new file, one line of JSON each, with one page in memory. After an error
 * the file is removed.
 * @throws ValidationError for `to`; StoreUnavailableError
 */
export async function exportEvents(
  log: EventLog,
  to: string,
  head: number,
  { isExported = () => true, ...options }: ExportOptions,
  { write }: EventFormat,
  source: string,
  job: Job,
): Promise<ExportAnswer> {
  const file = await NewFile.at("to", to);
  try {
    const handle = await open(file.temporary, "w");
    let { after } = options;
    let count = 0;
    try {
      while (after < head) {
        const page = await log.read({ ...options, after, limit: Math.min(pageSize, head - after) });
        const events = page.events.filter((event) => event.position <= head && isExported(event));
        await handle.writeFile(events.map((event) => `${JSON.stringify(write(event, source))}\n`).join(""));
        count += events.length;
        after = Math.min(page.position, head);
        job.progress(after - options.after, head - options.after);
        if (page.end) break;
        await new Promise((turn) => setImmediate(turn));
        job.check();
      }
    } finally {
      await handle.close();
    }
    await file.place();
    return { path: file.path, events: count, position: Math.max(after, options.after) };
  } catch (error) {
    await file.discard();
    throw asFileError("to", file.path, "a path that can be written", error);
  }
}
