/** Counts the functions of this package that one event runs, and an idle table: `npm run bench:calls`. */
import { mkdtempSync, rmSync } from "node:fs";
import { Session, type Profiler } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore } from "../index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const ours = /^(core|adapters|mixins)\//;
const warmUp = 2000;
/** The repeat with the fewest calls is reported: in the others a timer fired. */
const repeats = 20;
const idleSeconds = 10;

/** How often a function ran since the last count; a getter's name begins with `get `. */
interface Count {
  file: string;
  name: string;
  calls: number;
}

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });

async function counts(): Promise<Count[]> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  return result.flatMap(countsOf);
}

function countsOf({ url, functions }: Profiler.ScriptCoverage): Count[] {
  const file = url.startsWith("file:") ? relative(root, fileURLToPath(url)) : url;
  if (!ours.test(file)) return [];
  return functions.flatMap(({ functionName: name, ranges: [range] }) =>
    name && range && range.count > 0 ? [{ file, name, calls: range.count }] : [],
  );
}

function list(counted: readonly Count[]): void {
  for (const { file, name, calls } of counted) console.log(`${String(calls).padStart(5)}  ${file} ${name}`);
}

const callsOf = (counted: readonly Count[]) => counted.reduce((sum, { calls }) => sum + calls, 0);

const folder = mkdtempSync(join(tmpdir(), "calls-"));
const broker = new ServiceBroker({ logger: false });
const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
const things = Aggregate("things", {
  eventStore: events,
  adapter: `sqlite:${folder}/things.db`,
  fields: { count: "integer" },
})
  .on("thing.counted")
  .create(({ position }) => ({ id: String(position), count: position }));
broker.createService({
  name: "thing",
  mixins: [events.mixin(), things.mixin()],
  actions: { count: events.mapAction("thing.counted", { stream: ({ id }: { id: string }) => `thing-${id}` }) },
});

/** Long enough for the event to be appended, pumped and folded. */
const settledMs = 50;

async function oneEvent(n: number): Promise<void> {
  await broker.call("thing.count", { id: `e${n % 10}` });
  await later(settledMs);
}

try {
  await broker.start();
  for (let n = 0; n < warmUp; n++) await broker.call("thing.count", { id: `e${n % 10}` });
  await later(2000);
  await counts();
  let event: Count[] = [];
  for (let n = 0; n < repeats; n++) {
    await oneEvent(n);
    const counted = await counts();
    if (n === 0 || callsOf(counted) < callsOf(event)) event = counted;
  }
  await later(1000 * idleSeconds);
  const idle = await counts();
  if (process.argv.includes("--list")) {
    list(event);
    console.log(`idle for ${idleSeconds} seconds:`);
    list(idle);
  }
  const getters = event.filter(({ name }) => name.startsWith("get "));
  console.log(
    `one event: ${event.length} functions of ${new Set(event.map(({ file }) => file)).size} files, ${callsOf(event)} calls, ${callsOf(getters)} of them getters`,
  );
  console.log(`idle, a store and a table: ${Math.round(callsOf(idle) / idleSeconds)} calls a second`);
} finally {
  await broker.stop();
  session.disconnect();
  rmSync(folder, { recursive: true, force: true });
}
