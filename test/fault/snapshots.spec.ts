import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceBroker } from "moleculer";
import type { Manifest, RecordedEvent } from "moleculer-event-sourcing";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { all, fieldsOf } from "../../testing/read-table/table-stand.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { tallies, tallyFields } from "./tallies.ts";

type Counted = RecordedEvent<string, { n: number; id: string }>;

const rounds = 14;
const child = fileURLToPath(new URL("./snapshot-process.ts", import.meta.url));

afterEach(cleanUp);

/** Starts a process on the folder and kills it at any moment; answers the manifests that it told. */
async function runUntilKilled(folder: string): Promise<Manifest[]> {
  const condition = "--conditions=moleculer-event-sourcing:source";
  const process_ = spawn(process.execPath, [condition, child, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<string | null>((resolve) => process_.once("exit", (_code, signal) => resolve(signal)));
  const told: Manifest[] = [];
  for await (const line of createInterface(process_.stdout))
    if (line === "ready") setTimeout(() => process_.kill("SIGKILL"), randomInt(1, 500));
    else told.push(JSON.parse(line) as Manifest);
  expect(await exited).toBe("SIGKILL");
  return told;
}

async function readLog(broker: ServiceBroker): Promise<Counted[]> {
  const events: Counted[] = [];
  for (let page: Counted[]; ; events.push(...page)) {
    page = await broker.call("events.read", { after: events.at(-1)?.position ?? 0, limit: 5000 });
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
    const rows = restored.rows.find({ ...all, sort: [{ field: "n", path: [], descending: false }] });
    return rows.map(({ id: row, n, sum }) => ({ id: row, n, sum }));
  } finally {
    await table.close();
  }
}

describe("Snapshots of a process that is killed again and again", () => {
  it(`are whole or not there, and the history knows how each ended (${rounds} times)`, async () => {
    const folder = newFolder();
    const place = join(folder, "tallies.db.snapshots");
    const told: Manifest[] = [];
    let halfWay = 0;
    for (let round = 0; round < rounds; round++) {
      told.push(...(await runUntilKilled(folder)));
      const ids = existsSync(place) ? readdirSync(place) : [];
      halfWay += ids.filter((id) => !existsSync(join(place, id, "recorded"))).length;
    }
    // Else nothing was interrupted, and nothing shown.
    expect(halfWay).toBeGreaterThan(0);
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
    // What was answered last is offered, or newer ones have taken its place.
    expect(listed.length).toBeGreaterThan(0);
    expect(listed.some(({ id }) => id >= told.at(-1)!.id)).toBe(true);
    const log = await readLog(broker);
    for (const manifest of listed) {
      const rows = await rowsIn(place, manifest);
      expect(rows).toHaveLength(manifest.rows);
      expect(rows).toEqual(plainTallies(log, manifest.position));
      expect(await broker.call("tallies.proveSnapshot", { id: manifest.id })).toEqual(manifest);
    }
  }, 120_000);
});
