// A host of a log in its own process: it appends until it is killed or its input ends, and reports the number of
// events.
import type { EventLog } from "../../core/log/event-log.ts";
import { appendTo, appended, many } from "../../testing/event-log/requests.ts";

const [module = "", url = "", name = ""] = process.argv.slice(2);
const { default: portWith } = (await import(module)) as {
  default: (kind: "log", url: string, name: string) => EventLog;
};
process.stdin.on("end", () => process.exit()).resume();

const log = portWith("log", url, name);
await log.open();
for (let count = 0; ;) {
  const requests = [
    appendTo("shared", many(5)),
    ...[1, 2, 3, 4].map((n) => appendTo(`s-${n}-${process.pid}`, many(5))),
  ];
  count += (await appended(log, ...requests)).length;
  process.stdout.write(`${count}\n`);
}
