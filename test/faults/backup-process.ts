// Appends and creates backups until it is killed. A reported backup is complete.
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { sendLine } from "../support/send-line.ts";

const [folder = "", life = ""] = process.argv.slice(2);
const log = new SqliteEventLog(`${folder}/x.db`);
await log.open();
if ((await log.head()) === 0) await log.append([appendTo("a", many(3000, { payload: "x".repeat(1000) }))]);
sendLine("ready");
const append = async () => {
  for (;;) {
    await log.append([appendTo("b", many(2)), appendTo("c", many(3))]);
    await new Promise((turn) => setImmediate(turn));
  }
};
void append();
for (let n = 0; ; n++) {
  const { position } = await log.backup(`${folder}/copies/${life}-${n}.db`);
  sendLine(`${life}-${n}.db`, position);
}
