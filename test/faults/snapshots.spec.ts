import { randomInt } from "../support/chance.ts";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { Manifest, RecordedEvent } from "moleculer-event-sourcing";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { all, fieldsOf } from "../../testing/read-table/table-fixture.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { times } from "../support/times.ts";
import { killChildren, startChild } from "./child.ts";
import { tallies, tallyFields } from "./tallies.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

type Counted = RecordedEvent<string, { n: number; id: string }>;

const rounds = times(14, 6);

/** When to kill a process: at any moment, soon after it has reported a snapshot, or in the middle of one. */
const moments = ["any", "told", "half-way"] as const;
type Moment = (typeof moments)[number];

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const idsIn = (place: string) => (existsSync(place) ? readdirSync(place) : []);
const halfWayIn = (place: string) => idsIn(place).filter((id) => !existsSync(join(place, id, "recorded")));

/** Starts a process on the folder and kills it; returns the manifests that it reported. */
async function runUntilKilled(folder: string, place: string, moment: Moment): Promise<Manifest[]> {
  const before = new Set(idsIn(place));
  const { lines, exited, kill } = startChild("./snapshot-process.ts", folder);
  const told: Manifest[] = [];
  let watch: NodeJS.Timeout | undefined;
  for await (const line of lines) {
    if (line !== "ready") told.push(JSON.parse(line) as Manifest);
    else if (moment === "any") setTimeout(kill, randomInt(1, 500));
    else if (moment === "half-way")
      watch = setInterval(() => {
        if (halfWayIn(place).some((id) => !before.has(id))) kill();
      }, 1);
    if (moment === "told" && told.length === 1) setTimeout(kill, randomInt(200));
  }
  clearInterval(watch);
  expect(await exited).toBe("SIGKILL");
  return told;
}

async function readLog(broker: ServiceBroker): Promise<Counted[]> {
  const events: Counted[] = [];
  for (let page: Counted[]; ; events.push(...page)) {
    page = await eventsIn(broker.call("events.read", { after: events.at(-1)?.position ?? 0, limit: 5000 }));
    if (page.length === 0) return events;
  }
}

function plainTallies(log: readonly Counted[], position: number): object[] {
  let sum = 0;
  return log
    .filter((event) => event.position <= position && event.type === "thing.counted")
    .map(({ id, position: n, payload }) => ({ id, n, sum: (sum += payload.n) }));
}

async function rowsIn(folder: string, { id, checksum }: Manifest): Promise<object[]> {
  const table = new SqliteReadTable(join(newFolder(), "elsewhere.db"));
  await table.open(fieldsOf(tallyFields));
  try {
    const restored = await table.restore(join(folder, id, "table"), checksum, "");
    const rows = await restored.rows.find({ ...all, sort: [{ field: "n", path: [], descending: false }] });
    return rows.map(({ id: row, n, sum }) => ({ id: row, n, sum }));
  } finally {
    await table.close();
  }
}

describe("Snapshots of a process that is killed again and again", () => {
  it(`are whole or not there, and the history knows how each ended (${rounds} times)`, async () => {
    const folder = newFolder();
    const place = join(folder, "tallies/snapshots");
    const told: Manifest[] = [];
    let halfWay = 0;
    // Without an interruption the test would show nothing: a snapshot that was seen in progress may have just ended.
    for (let round = 0; round < rounds || halfWay === 0; round++) {
      told.push(...(await runUntilKilled(folder, place, moments[round % moments.length]!)));
      halfWay += halfWayIn(place).length;
    }
    expect(told.length).toBeGreaterThan(0);

    const broker = await startBroker([tallies(folder)]);
    const listed: Manifest[] = await broker.call("tallies.snapshots");
    await eventually(async () => {
      expect(readdirSync(place).toSorted()).toEqual(listed.map(({ id }) => id));
      const log = await readLog(broker);
      const endsOf = new Map<string, string[]>();
      for (const { type, payload } of log)
        if (type.startsWith("$snapshot.")) endsOf.set(payload.id, [...(endsOf.get(payload.id) ?? []), type]);
      expect(endsOf.size).toBeGreaterThanOrEqual(told.length);
      for (const ends of endsOf.values())
        expect(ends).toEqual(["$snapshot.started", expect.stringMatching(/^\$snapshot\.(completed|failed)$/)]);
      for (const { id } of told) expect(endsOf.get(id)?.[1]).toBe("$snapshot.completed");
    });
    // The last reported snapshot is listed, or newer ones have replaced it.
    expect(listed.length).toBeGreaterThan(0);
    expect(listed.some(({ id }) => id >= told.at(-1)!.id)).toBe(true);
    const log = await readLog(broker);
    for (const manifest of listed) {
      const rows = await rowsIn(place, manifest);
      expect(rows).toHaveLength(manifest.rows);
      expect(rows).toEqual(plainTallies(log, manifest.position));
      expect(await broker.call("$tallies.proveSnapshot", { id: manifest.id }, spoken)).toEqual(manifest);
    }
  });
});
