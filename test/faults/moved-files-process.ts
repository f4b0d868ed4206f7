// A host that appends to a log until it is killed or refused, and reports acknowledged events.
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { appended, appendTo } from "../../testing/event-log/requests.ts";
import { sendLine } from "../support/send-line.ts";

const [file = ""] = process.argv.slice(2);
const log = new SqliteEventLog(file);
try {
  await log.open();
  sendLine("hosted", await log.head());
  for (let n = 0; ; n++) {
    const [event] = await appended(log, appendTo(`stream-${n % 3}`));
    sendLine("acknowledged", event!.id, event!.position);
  }
} catch (error) {
  const { type, message } = error as Error & { type?: string };
  sendLine("refused", String(type), message.replaceAll("\n", " "));
  // Runs until it is killed: a host does not end because its files are gone.
  setInterval(() => {}, 1000);
}
