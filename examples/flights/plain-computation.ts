import type { Airport, Flight } from "./flight-data.ts";

export interface AirportRow {
  id: string;
  name: string | null;
  city: string | null;
  departures: number;
  totalDelay: number;
  meanDelay: number;
  worstDelay: number;
}

export interface RouteRow {
  id: string;
  origin: string;
  destination: string;
  distance: number;
  flights: number;
}

export interface DayRow {
  id: string;
  flights: number;
  late: number;
}

export interface Tables {
  airportAggregate: AirportRow[];
  routeAggregate: RouteRow[];
  dayAggregate: DayRow[];
}

/** The expected rows of the three tables: grouped and counted straight from the file, without events. */
export function computePlainly(flights: readonly Flight[], airports: ReadonlyMap<string, Airport>): Tables {
  const byOrigin = Object.groupBy(flights, ({ origin }) => origin);
  const byRoute = Object.groupBy(flights, ({ origin, destination }) => `${origin}-${destination}`);
  const byDay = Object.groupBy(flights, ({ date }) => date.split(" ")[0]!.split("/").join("-"));
  return {
    airportAggregate: Object.entries(byOrigin).map(([id, departed = []]) => {
      const delays = departed.map(({ delay }) => delay);
      const totalDelay = delays.reduce((sum, delay) => sum + delay, 0);
      const { name = null, city = null } = airports.get(id) ?? {};
      return {
        id,
        name,
        city,
        departures: delays.length,
        totalDelay,
        meanDelay: totalDelay / delays.length,
        worstDelay: Math.max(...delays),
      };
    }),
    routeAggregate: Object.entries(byRoute).map(([id, flown = []]) => {
      const { origin, destination, distance } = flown.at(-1)!;
      return { id, origin, destination, distance, flights: flown.length };
    }),
    dayAggregate: Object.entries(byDay).map(([id, departed = []]) => ({
      id,
      flights: departed.length,
      late: departed.filter(({ delay }) => delay > 15).length,
    })),
  };
}
