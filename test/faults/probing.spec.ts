import { EventStore, ProcessManager, Subscription, type ConsumerStatus } from "moleculer-event-sourcing";
import { randomInt } from "../support/chance.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

interface Line {
  what: string;
  position: number;
  stream: string;
}

const kills = times(50, 3);
const streams = ["free-a", "free-b", "free-c", "free-d"];
/** More than the killed processes pass: one may park the events of several groups before its kill. */
const groups = 4 * kills + 10;

/** Each group: an event that never passes, in a stream of its own, then one of each other stream. */
async function fill(folder: string): Promise<void> {
  const store = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const broker = await startBroker([{ name: "host", mixins: [store.mixin()] }]);
  for (let group = 0; group < groups; group++)
    for (const stream of [`stuck-${group}`, ...streams])
      await broker.call("events.append", { stream, events: [{ type: "thing.happened", payload: {} }] });
  await broker.stop();
}

/** Runs the process until it is killed, soon after an event of another stream was begun while one fails. */
async function runUntilKilled(kind: string, folder: string): Promise<Line[]> {
  const { lines, kill, exited } = startChild("./probe-process.ts", kind, folder);
  const seen: Line[] = [];
  let probes = randomInt(1, 3);
  for await (const line of lines) {
    const [what = "", position, stream = ""] = line.split(" ");
    const before = seen.at(-1);
    seen.push({ what, position: Number(position), stream });
    const isProbe = what === "begin" && stream !== "stuck" && before?.stream === "stuck";
    if (isProbe && --probes === 0) setTimeout(kill, randomInt(12));
  }
  await exited;
  return seen;
}

/** The positions that were handled before their turn, and stored: the event that fails was tried again after them. */
const storedEarly = (run: readonly Line[]) =>
  run.flatMap(({ what, position }, index) => {
    if (what !== "end") return [];
    const suspect = run.slice(0, index).findLast((line) => line.what === "begin" && line.position !== position);
    if (suspect?.stream !== "stuck") return [];
    const isTriedAgain = run.slice(index + 1).some((line) => line.position === suspect.position);
    return isTriedAgain ? [position] : [];
  });

/**
 * A subscription saves its checkpoint every 200 ms, and an event takes at least 3 ms. A process is stored before its next
 * event, and at most 16 are handled at a time.
 */
const kinds = [
  { kind: "subscription", mostInFlight: 100 },
  { kind: "process manager", mostInFlight: 16 },
];

describe.each(kinds)("A $kind killed with SIGKILL while it probes", ({ kind, mostInFlight }) => {
  it(`handles nothing twice but what was in flight, and skips nothing, ${kills} times`, async () => {
    const folder = newFolder();
    await fill(folder);
    const runs: Line[][] = [];
    for (let run = 0; run < kills; run++) runs.push(await runUntilKilled(kind, folder));
    const eventStore = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const last: Line[] = [];
    const handle = ({ position, stream }: { position: number; stream: string }) => {
      if (stream.startsWith("stuck")) throw new Error("stuck");
      last.push({ what: "begin", position, stream }, { what: "end", position, stream });
    };
    const onError = { retries: 0, maxParkedInARow: 1_000_000 };
    const on = { "thing.*": handle };
    const reader =
      kind === "subscription"
        ? Subscription("reader", { eventStore, onError, on })
        : ProcessManager("reader", { eventStore, onError, on });
    const broker = await startBroker([{ name: "host", mixins: [eventStore.mixin(), reader.mixin()] }]);
    await eventually(async () => {
      const status: ConsumerStatus = await broker.call("reader.status");
      expect(status).toMatchObject({ state: "live", lag: 0, parked: groups });
    });
    const all = [...runs, last];
    const ends = all.flat().filter(({ what }) => what === "end");
    for (const [index, stream] of streams.entries()) {
      const inStream = ends.filter((line) => line.stream === stream).map(({ position }) => position);
      const expected = Array.from({ length: groups }, (_, group) => group * (streams.length + 1) + index + 2);
      expect([...new Set(inStream)]).toEqual(expected);
    }
    for (const [index, run] of runs.entries()) {
      const later = new Set(all.slice(index + 1).flatMap((lines) => lines.map(({ position }) => position)));
      expect(storedEarly(run).filter((position) => later.has(position))).toEqual([]);
      const repeated = run.filter(({ what, position }) => what === "end" && later.has(position));
      expect(repeated.length).toBeLessThanOrEqual(mostInFlight);
    }
  }, 600_000);
});
