// The program of `OtherProcess`: opens a port and reports it, then works until it is killed or its input ends.
import { writeSync } from "node:fs";
import type { EventLog } from "../../core/log/event-log.ts";
import { parseFields } from "../../core/rows/fields.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { appendTo, appended } from "../event-log/requests.ts";
import { copiedFields, counterFields, foldCount } from "../read-table/counter.ts";

const [job = "", module = "", args = "[]"] = process.argv.slice(2);
const { default: portWith } = (await import(module)) as { default: (...args: unknown[]) => unknown };
const port: unknown = await portWith(...(JSON.parse(args) as unknown[]));

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

/** Also ends if the parent dies, which closes its end of the pipe. */
const inputEnd = new Promise((end) => process.stdin.on("end", end).resume());
void inputEnd.then(() => process.exit());

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
await inputEnd;
