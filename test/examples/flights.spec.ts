import { differencesBetween } from "../../examples/flights/comparison.ts";
import { readAirports, readFlights, type Flight } from "../../examples/flights/flight-data.ts";
import exported, { flightsService } from "../../examples/flights/flights.service.ts";
import { departAll, tablesCaughtUp } from "../../examples/flights/load.ts";
import { computePlainly, type AirportRow, type Tables } from "../../examples/flights/plain-computation.ts";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { newPlaces } from "../support/places.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const tables: (keyof Tables)[] = ["airportAggregate", "routeAggregate", "dayAggregate"];
const airports = readAirports();
const flights = readFlights("2k");

async function start() {
  await newPlaces();
  return startBroker([flightsService(newFolder())]);
}

async function folded(departures: readonly Flight[]) {
  const broker = await start();
  const positions: number[] = [];
  const appended = departAll(broker, departures, { callers: 64 });
  const onFolded = (position: number) => void positions.push(position);
  await Promise.all([appended, tablesCaughtUp(broker, tables, { appended, onFolded })]);
  return { broker, positions };
}

describe("The flights example", () => {
  it("folds 2,000 flights of 64 concurrent callers into the rows that a plain loop computes", async () => {
    const { broker, positions } = await folded(flights);

    const expected = computePlainly(flights, airports);
    expect(expected.airportAggregate.length).toBeGreaterThan(100);
    for (const table of tables) {
      const rows: { id: string }[] = await broker.call(`${table}.find`);
      expect(rows).toHaveLength(expected[table].length);
      expect(differencesBetween(rows, expected[table])).toEqual([]);
    }
    expect(positions.at(-1)).toBe(2000);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  it("stores each flight once, in the stream of its airport", async () => {
    const { broker } = await folded(flights.slice(0, 300));

    expect(await broker.call("flightEventStore.count")).toBe(300);
    const { origin } = flights[0]!;
    const stored: { version: number; payload: Flight }[] = await eventsIn(
      broker.call("flightEventStore.read", {
        stream: `airport-${origin}`,
      }),
    );
    const departed = flights.slice(0, 300).filter((flight) => flight.origin === origin);
    expect(stored.map(({ version }) => version)).toEqual(departed.map((_, index) => index + 1));
    expect(new Set(stored.map(({ payload }) => payload.date))).toEqual(new Set(departed.map(({ date }) => date)));
  });

  it("answers the sorted page of the README", async () => {
    const { broker } = await folded(flights);

    const page: { rows: AirportRow[]; total: number } = await broker.call("airportAggregate.list", {
      sort: "-departures",
      pageSize: 3,
    });
    const most = computePlainly(flights, airports)
      .airportAggregate.map(({ departures }) => departures)
      .toSorted((a, b) => b - a);
    expect(page.rows.map(({ departures }) => departures)).toEqual(most.slice(0, 3));
    expect(page.total).toBe(most.length);
  });

  it.each([
    ["a date in another form", { date: "2001-01-01" }, "date"],
    ["half a minute of delay", { delay: 0.5 }, "delay"],
    ["an airport of two letters", { origin: "SE" }, "origin"],
    ["a field that no table knows", { gate: "B7" }, "gate"],
  ])("refuses %s and stores nothing", async (_, wrong, field) => {
    const broker = await start();

    const error = await refusal(() => broker.call("flights.depart", { ...flights[0], ...wrong }));

    expect(error).toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
    expect(JSON.stringify(error.data)).toContain(field);
    expect(await broker.call("flightEventStore.count")).toBe(0);
  });

  it("takes flights from an airport that it has no name for", async () => {
    const { broker } = await folded([{ ...flights[0]!, origin: "QQQ" }]);

    const expected = computePlainly([{ ...flights[0]!, origin: "QQQ" }], airports).airportAggregate;
    expect(await broker.call("airportAggregate.find")).toEqual(expected);
    expect(expected).toMatchObject([{ id: "QQQ", name: null, city: null }]);
  });

  it("is a service that the runner can load from its file", () => {
    expect(exported).toMatchObject({ name: "flights", actions: { depart: { params: { origin: "string|length:3" } } } });
  });
});

describe("The plain computation", () => {
  const flight = (date: string, delay: number, origin: string, destination: string): Flight => ({
    date,
    delay,
    distance: 679,
    origin,
    destination,
  });

  it("counts flights, delays, routes and days", () => {
    const departures = [
      flight("2001/01/01 08:00", 15, "SEA", "SFO"),
      flight("2001/01/01 09:00", 16, "SEA", "SFO"),
      flight("2001/01/02 08:00", -6, "SEA", "LAX"),
      flight("2001/01/02 09:00", -5, "LAX", "SEA"),
    ];
    const rows = computePlainly(departures, new Map([["SEA", { name: "Seattle-Tacoma Intl", city: "Seattle" }]]));
    const common = { distance: 679, origin: "SEA" };
    expect(rows).toEqual({
      airportAggregate: [
        {
          id: "SEA",
          name: "Seattle-Tacoma Intl",
          city: "Seattle",
          departures: 3,
          totalDelay: 25,
          meanDelay: 25 / 3,
          worstDelay: 16,
        },
        { id: "LAX", name: null, city: null, departures: 1, totalDelay: -5, meanDelay: -5, worstDelay: -5 },
      ],
      routeAggregate: [
        { id: "SEA-SFO", ...common, destination: "SFO", flights: 2 },
        { id: "SEA-LAX", ...common, destination: "LAX", flights: 1 },
        { id: "LAX-SEA", distance: 679, origin: "LAX", destination: "SEA", flights: 1 },
      ],
      dayAggregate: [
        { id: "2001-01-01", flights: 2, late: 1 },
        { id: "2001-01-02", flights: 2, late: 0 },
      ],
    });
  });
});

describe("The comparison", () => {
  const rows = computePlainly(flights, airports).airportAggregate;
  const [first, second, ...others] = rows as [AirportRow, AirportRow, ...AirportRow[]];

  it("finds no difference between the same rows in another order", () => {
    expect(differencesBetween(rows.toReversed(), rows)).toEqual([]);
  });

  it("finds the one field that is off by the smallest step", () => {
    const planted = { ...second, meanDelay: second.meanDelay * (1 + Number.EPSILON) };
    expect(planted.meanDelay).not.toBe(second.meanDelay);
    expect(differencesBetween([first, planted, ...others], rows)).toEqual([
      { id: second.id, field: "meanDelay", found: planted.meanDelay, expected: second.meanDelay },
    ]);
  });

  it("finds a missing row, a row too many, and a row that is there twice", () => {
    const stranger = { ...first, id: "QQQ" };
    expect(differencesBetween([first, first, stranger, ...others], rows)).toEqual([
      { id: first.id, field: "id", found: first.id, expected: undefined },
      { id: "QQQ", field: "id", found: "QQQ", expected: undefined },
      { id: second.id, field: "id", found: undefined, expected: second.id },
    ]);
  });

  it("finds a field that is missing or too many", () => {
    const { city, ...rest } = first;
    expect(differencesBetween([{ ...rest, town: city } as { id: string }], [first])).toEqual([
      { id: first.id, field: "town", found: city, expected: undefined },
      { id: first.id, field: "city", found: undefined, expected: city },
    ]);
  });

  it("finds a flight that one of two sides has not seen", async () => {
    const { broker } = await folded(flights.slice(0, 200));
    const expected = computePlainly(flights.slice(0, 201), airports);
    for (const table of tables) {
      const found: { id: string }[] = await broker.call(`${table}.find`);
      expect(differencesBetween(found, expected[table])).not.toEqual([]);
    }
  });
});

describe("The list of airports", () => {
  it("reads names and cities with commas and quotes in them", () => {
    expect(airports.get("DBN")).toEqual({ name: 'W. H. "Bud" Barron', city: "Dublin" });
    expect(airports.get("PUW")).toEqual({ name: "Pullman/Moscow Regional", city: "Pullman/Moscow,ID" });
    expect(airports.get("SEA")?.city).toBe("Seattle");
  });
});
