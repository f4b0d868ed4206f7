import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { log, tables } from "../engines.ts";
import { readAirports, type Airport, type Flight } from "./flight-data.ts";

// An event contains all that its tables need, including the airport's name: folding it needs no other service.
type Departure = Flight & { airport: Airport | null };

/** The service. Its files, if it uses any, are in `folder`. */
export function flightsService(folder = "data"): ServiceSchema {
  const airportsByCode = readAirports();
  const fileOf = (name: string) => ({ adapter: `sqlite:${folder}/${name}.db` });

  const events = EventStore<{ "flight.departed": Departure }>("flightEventStore", {
    ...fileOf("flightEventStore"),
    ...log(),
  });

  // A transform as a function: `get` and `find` query its own table as it is after all events before this one.
  const airports = Aggregate("airportAggregate", {
    eventStore: events,
    ...fileOf("airportAggregate"),
    ...tables(),
    fields: {
      name: "string",
      city: "string",
      departures: { type: "integer", index: true },
      totalDelay: "integer",
      meanDelay: "number",
      worstDelay: "integer",
    },
  })
    .on("flight.departed")
    .update(async ({ payload: { origin, airport, delay } }, { get }) => {
      const row = await get(origin);
      const departures = (row?.departures ?? 0) + 1;
      // Sums of whole numbers, so that the mean does not depend on the order of the flights, to the last bit.
      const totalDelay = (row?.totalDelay ?? 0) + delay;
      const worstDelay = Math.max(row?.worstDelay ?? delay, delay);
      return { id: origin, ...airport, departures, totalDelay, meanDelay: totalDelay / departures, worstDelay };
    });

  const routes = Aggregate("routeAggregate", {
    eventStore: events,
    ...fileOf("routeAggregate"),
    ...tables(),
    fields: { origin: "string", destination: "string", distance: "integer", flights: { type: "integer", index: true } },
  })
    .on("flight.departed")
    .update(async ({ payload: { origin, destination, distance } }, { get }) => {
      const id = `${origin}-${destination}`;
      return { id, origin, destination, distance, flights: ((await get(id))?.flights ?? 0) + 1 };
    });

  // A transform as an action: it may be in any service, on any node.
  const days = Aggregate("dayAggregate", {
    eventStore: events,
    ...fileOf("dayAggregate"),
    ...tables(),
    fields: { flights: "integer", late: "integer" },
  })
    .on("flight.departed")
    .update("flights.transformDay");

  return {
    name: "flights",
    mixins: [airports.mixin(), routes.mixin(), days.mixin()],
    actions: {
      depart: events.mapAction("flight.departed", {
        params: {
          date: { type: "string", pattern: /^\d{4}\/\d\d\/\d\d \d\d:\d\d$/ },
          delay: "number|integer",
          distance: "number|integer|positive",
          origin: "string|length:3",
          destination: "string|length:3",
        },
        stream: ({ origin }) => `airport-${origin}`,
        payload: (flight: Flight) => ({ ...flight, airport: airportsByCode.get(flight.origin) ?? null }),
      }),

      async transformDay(ctx: Context<RecordedEvent<"flight.departed", Departure>>) {
        const { date, delay } = ctx.params.payload;
        const id = date.slice(0, 10).replaceAll("/", "-");
        // `resolve` is a `get` that returns null if there is no row yet.
        const row: { flights: number; late: number } | null = await ctx.call("dayAggregate.resolve", { id });
        return { id, flights: (row?.flights ?? 0) + 1, late: (row?.late ?? 0) + (delay > 15 ? 1 : 0) };
      },
    },
  };
}

export default flightsService();
