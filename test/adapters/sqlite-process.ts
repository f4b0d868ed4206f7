// Another process: hosts a log or a table until its input ends, or reads a log's file like any other program.
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { appendTo } from "../../testing/event-log/requests.ts";

const [job = "", file = "", count = "1", characters = "0"] = process.argv.slice(2);
const sendJson = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);

/** Also ends if the parent dies, which closes its end of the pipe. */
const untilInputEnds = () => new Promise((end) => process.stdin.on("end", end).resume());

async function host(open: () => Promise<void>): Promise<void> {
  try {
    await open();
    sendJson("hosted");
  } catch (error) {
    const { type, message } = error as Error & { type?: string };
    sendJson({ type, message });
    return;
  }
  await untilInputEnds();
}

const log = new SqliteEventLog(file);
const table = new SqliteReadTable(file);

if (job === "log")
  await host(async () => {
    await log.open();
    for (let n = 0; n < Number(count); n++)
      await log.append([appendTo("child-1", [{ payload: { text: "x".repeat(Number(characters)) } }])]);
  });
else if (job === "table") await host(() => table.open(parseFields("table", { name: "string" })));
else if (job === "read") {
  const db = new Database(file, { readonly: true });
  sendJson(db.prepare("SELECT count(*), max(position), max(json_extract(payload, '$.n')) FROM events").raw(true).get());
  db.close();
} else throw new Error(`unknown job ${job}`);

await log.close();
await table.close();
