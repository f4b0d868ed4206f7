import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker } from "moleculer";
import { differencesBetween } from "./comparison.ts";
import { readAirports, readFlights, type Flight } from "./flight-data.ts";
import { flightsService } from "./flights.service.ts";
import { departAll, tablesCaughtUp } from "./load.ts";
import { computePlainly, type Tables } from "./plain-computation.ts";
import { showProgress } from "./progress.ts";
import { inWords, printComparison, printNext, printRates, printTables } from "./report.ts";

const callers = 256;
const tables = ["airportAggregate", "routeAggregate", "dayAggregate"] as const satisfies (keyof Tables)[];

async function appendAndFold(broker: ServiceBroker, flights: Flight[]): Promise<{ appendMs: number; foldMs: number }> {
  const [appended, folded] = ["flights appended", "folded into 3 tables"] as const;
  const progress = showProgress([appended, folded], flights.length);
  const since = performance.now();
  const elapsed = () => performance.now() - since;
  try {
    const appending = departAll(broker, flights, {
      callers,
      onStored: (stored) => progress.update(appended, stored),
    });
    const folding = tablesCaughtUp(broker, tables, {
      appended: appending,
      onFolded: (position) => progress.update(folded, position),
    });
    const [appendMs, foldMs] = await Promise.all([appending.then(elapsed), folding.then(elapsed)]);
    return { appendMs, foldMs };
  } finally {
    progress.stop();
  }
}

/** Compares every row and field of the three tables with the plain computation; returns true if all are equal. */
async function compare(broker: ServiceBroker, flights: Flight[]): Promise<boolean> {
  console.log("\nEvery row and field against the same figures computed straight from the file");
  const expected = computePlainly(flights, readAirports());
  const total = { rows: 0, differences: 0 };
  for (const table of tables) {
    const rows: { id: string }[] = await broker.call(`${table}.find`);
    const differences = differencesBetween(rows, expected[table]);
    printComparison(table, rows.length, differences);
    total.rows += rows.length;
    total.differences += differences.length;
  }
  console.log(inWords(total.rows, total.differences));
  return total.differences === 0;
}

async function demo(folder: string): Promise<boolean> {
  const flights = readFlights("20k");
  const broker = new ServiceBroker({ nodeID: "demo", logger: { type: "Console", options: { level: "warn" } } });
  broker.createService(flightsService(folder));
  await broker.start();
  try {
    const { engine, head }: { engine: string; head: number } = await broker.call("flightEventStore.status");
    if (head > 0) {
      console.error(
        `The ${engine} log in ${folder} holds flights already: the demo starts from none. Remove it, or name another place.`,
      );
      return false;
    }
    console.log(
      `${flights.length.toLocaleString("en")} flights, sent by ${callers} concurrent callers; log on ${engine}, files in ${folder}\n`,
    );
    const times = await appendAndFold(broker, flights);
    await printTables(broker);
    printRates(flights.length, times);
    return await compare(broker, flights);
  } finally {
    await broker.stop();
  }
}

const kept = process.argv[2] ?? null;
const folder = kept ?? mkdtempSync(join(tmpdir(), "flights-"));
// On exit, so that the folder is also removed if the demo is interrupted.
if (kept === null) process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
if (await demo(folder)) printNext(kept);
else process.exitCode = 1;
