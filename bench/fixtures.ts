import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { sqlite } from "../adapters/sqlite/sqlite.ts";
import { withFormat } from "../core/log/stored-format.ts";
import { parseFields } from "../core/rows/fields.ts";
import { checkEmmettLog, checkLog } from "./check.ts";
import { eventsPerStream, payloadOf } from "./events.ts";
import { propertyFields, propertyOf } from "./properties.ts";
import { RawLog } from "./stores/raw.ts";

/**
 * Data that is built once per run and read by many measurements: its size, in events or rows, in full and with
 * `--quick`.
 */
const fixtures = {
  log: { full: 100_000, quick: 5000, build: buildLog },
  "large-log": { full: 1_000_000, quick: 20_000, build: buildLog },
  "emmett-log": { full: 10_000, quick: 1000, build: buildEmmettLog },
  "large-emmett-log": { full: 1_000_000, quick: 20_000, build: buildEmmettLog },
  table: { full: 1_000_000, quick: 20_000, build: buildTable },
} satisfies Record<string, { full: number; quick: number; build: (file: string, size: number) => Promise<void> }>;

export type FixtureName = keyof typeof fixtures;

/** The number of events or rows of a fixture. */
export const sizeOf = (name: FixtureName, quick: boolean) => fixtures[name][quick ? "quick" : "full"];

/** The entity of a fixture's event: all streams take turns, so that the events of one lie far apart. */
export const entityOf = (number: number, events: number) => `e${number % (events / eventsPerStream)}`;

export async function buildFixture(name: FixtureName, folder: string, quick: boolean): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await fixtures[name].build(join(folder, name === "table" ? "table.db" : "log.db"), sizeOf(name, quick));
}

async function buildLog(file: string, events: number): Promise<void> {
  const log = sqlite(file).eventLog!("events");
  await log.open();
  // The pump is at the head: a measurement must not share its time with the delivery of old events.
  await log.control.put("pump", withFormat("pump", { position: events }), 0);
  await log.close();
  const raw = new RawLog(file);
  raw.db.pragma("synchronous = OFF");
  const streams = events / eventsPerStream;
  for (let version = 0; version < eventsPerStream; version++)
    raw.append(
      Array.from({ length: streams }, (_, stream) => {
        const number = version * streams + stream;
        const entity = entityOf(number, events);
        return { entity, version, payloads: [payloadOf(entity, number)] };
      }),
    );
  raw.close();
  checkLog(file, events);
}

async function buildEmmettLog(file: string, events: number): Promise<void> {
  // Imported only here, since the peers may not be installed.
  const { fillEmmett } = await import("./stores/emmett-fixture.ts");
  await fillEmmett(file, events, (number) => entityOf(number, events));
  checkEmmettLog(file, events);
}

/** A table for our aggregate: at position 0 of an empty log, so nothing has to be folded. */
async function buildTable(file: string, rows: number): Promise<void> {
  const table = sqlite(file).readTable!("table");
  await table.open(parseFields("table", propertyFields));
  const batch = await table.live().begin();
  for (let number = 0; number < rows; number++) {
    const { id, ...values } = propertyOf(number);
    await batch.apply([{ operation: "create", id, values }]);
  }
  await batch.commit({ position: 0, positionId: null, folded: 0, reordered: false, log: null });
  await table.close();
}
