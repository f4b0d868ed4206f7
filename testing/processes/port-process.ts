// The work of `OtherProcess`.
import { writeSync } from "node:fs";
import type { EventLog } from "../../core/log/event-log.ts";
import { parseFields } from "../../core/rows/fields.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { appendTo, appended } from "../event-log/requests.ts";
import type { Job } from "../kit/other-process.ts";
import { copiedFields, counterFields, foldCount } from "../read-table/counter.ts";

/** Written synchronously, not through a stream: a message sent before a SIGKILL is in the pipe. */
function say(...words: unknown[]): void {
  for (;;)
    try {
      return void writeSync(1, `${words.join(" ")}\n`);
    } catch (error) {
      // The pipe is full until the parent reads it.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
}

async function open(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    say("opened");
  } catch (error) {
    say("refused", (error as { type?: unknown }).type);
  }
}

async function appendForEver(log: EventLog, writer: number): Promise<void> {
  for (let n = 0; ; n++) {
    const events = await appended(
      log,
      appendTo(`s-${writer}`, [{ payload: { n } }, { payload: { n, second: true } }]),
      appendTo("shared"),
    );
    await log.links.add(
      "linked",
      events.map(({ id }) => id),
    );
    say("done", ...events.map(({ id, position, version }) => `${id}/${position}/${version}`));
    await new Promise((turn) => setImmediate(turn));
  }
}

/** Opens a port and reports it, then works until the process is killed or its input ends. */
export async function work(job: Job, port: unknown): Promise<void> {
  // Also ends if the parent dies, which closes its end of the pipe.
  process.stdin.on("end", () => process.exit()).resume();
  if (job.endsWith("log")) {
    const log = port as EventLog;
    await open(() => log.open());
    if (job === "append to log") await Promise.all([1, 2, 3].map((writer) => appendForEver(log, writer)));
  } else {
    const table = port as ReadTable;
    await open(() => table.open(parseFields("table", counterFields)));
    if (job === "fold into table")
      for (let position = (await table.live().progress()).position + 1; ; position++) {
        await foldCount(table.live(), position);
        say("done", position);
      }
    else if (job === "copy table")
      for (const fields = parseFields("table", copiedFields); ;) {
        say("done");
        await table.drop(await table.copy(fields, table.live().origin));
      }
  }
}
