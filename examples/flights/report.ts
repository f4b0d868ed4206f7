import type { ServiceBroker } from "moleculer";
import type { Difference } from "./comparison.ts";
import type { AirportRow, DayRow, RouteRow } from "./plain-computation.ts";

const count = (value: number) => Math.round(value).toLocaleString("en");

const perSecond = (events: number, ms: number) => count((events * 1000) / ms);

export function printRates(events: number, { appendMs, foldMs }: { appendMs: number; foldMs: number }): void {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  console.log(`
${count(events)} events appended in ${seconds(appendMs)}: ${perSecond(events, appendMs)} a second, each stored before its call was answered
${count(events)} events folded into 3 tables in ${seconds(foldMs)} from the first append: ${perSecond(events, foldMs)} a second`);
}

/** The top rows of each table, queried like any service would. */
export async function printTables(broker: ServiceBroker): Promise<void> {
  const top = { limit: 5 };
  const airports: AirportRow[] = await broker.call("airportAggregate.find", { sort: "-departures", ...top });
  const routes: RouteRow[] = await broker.call("routeAggregate.find", { sort: "-flights,id", ...top });
  const days: DayRow[] = await broker.call("dayAggregate.find", { sort: "-late", ...top });
  print(
    "The busiest airports (airportAggregate, minutes of delay)",
    airports.map(({ id, name, city, departures, meanDelay, worstDelay }) => ({
      id,
      name,
      city,
      departures,
      "mean delay": Number(meanDelay.toFixed(1)),
      "worst delay": worstDelay,
    })),
  );
  print("The routes flown most (routeAggregate)", routes);
  print("The days with most flights over 15 minutes late (dayAggregate)", days);
}

function print(title: string, rows: readonly object[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => Object.values(row).map(String))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]!.length)));
  // Numbers are aligned to the right, and so are their headings.
  const isNumber = Object.values(rows[0] ?? {}).map((value) => typeof value === "number");
  const align = (cell: string, index: number) =>
    isNumber[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!);
  const lines = cells.map((line) => `  ${line.map(align).join("  ")}`.trimEnd());
  console.log(`\n${title}\n${lines.join("\n")}`);
}

export function printComparison(table: string, rows: number, differences: readonly Difference[]): void {
  console.log(`  ${table}: ${inWords(rows, differences.length)}`);
  for (const difference of differences.slice(0, 10)) console.log(`    ${JSON.stringify(difference)}`);
}

export const inWords = (rows: number, differences: number): string =>
  `${count(rows)} rows compared, ${count(differences)} differences`;

export const printNext = (folder: string | null): void =>
  console.log(`
Next:${folder === null ? "\n  npm run demo -- data     the same, and keeps the files in data/, where the service looks for them" : ""}
  npm start                the service with Moleculer's REPL, where these lines work:
    call flights.depart --date "2001/04/01 08:15" --delay 20 --distance 679 --origin SEA --destination SFO
    call airportAggregate.list --sort=-departures --pageSize 3
    call routeAggregate.find --query.origin SEA --sort=-flights --limit 5
    call dayAggregate.get --id 2001-04-01
    call flightEventStore.find --query.stream airport-SEA --limit 2
    call dayAggregate.status`);
