import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";
import type { RecordedEvent, RowOf } from "moleculer-event-sourcing";
import { log, tables } from "../engines.ts";

interface Property {
  id: string;
  name: string;
  active?: boolean;
  city?: string;
  countryCode: string;
  source?: object;
}

type Created = RecordedEvent<"property.created", Property>;
type Removed = RecordedEvent<"property.removed", Pick<Property, "id" | "city" | "countryCode">>;

const events = EventStore("propertyEventStore", log());

const properties = Aggregate("propertyAggregate", {
  eventStore: events,
  ...tables(),
  fields: {
    name: "string",
    active: "boolean",
    city: { type: "string", index: true },
    countryCode: "string",
    source: "object",
  },
})
  .on("property.created")
  .create("property.transformProperty")
  .on("property.removed")
  .remove("property.transformRemoval");

const summary = Aggregate("propertySummaryAggregate", {
  eventStore: events,
  ...tables(),
  fields: {
    countryCode: { type: "string", unique: true },
    total: "integer",
    beachCity: "integer",
    mountain: "integer",
  },
})
  .on("property.created")
  .update("property.transformCountrySummary")
  .on("property.removed")
  .update("property.transformCountrySummary")
  .on("property.removed")
  .remove("property.transformEmptyCountry");

type Summary = RowOf<typeof summary>;

async function summaryOf(ctx: Context, countryCode: string): Promise<Summary | undefined> {
  // A transform that queries its own table sees every event before this one, also those not yet committed.
  const [row]: Summary[] = await ctx.call("propertySummaryAggregate.find", { query: { countryCode } });
  return row;
}

const property: ServiceSchema = {
  name: "property",
  mixins: [properties.mixin(), summary.mixin()],
  actions: {
    create: events.mapAction("property.created", {
      params: {
        id: "string|convert",
        name: "string",
        active: "boolean?",
        city: "string?",
        countryCode: "string|length:2",
      },
      expectedVersion: "no-stream",
    }),
    remove: events.mapAction("property.removed", {
      params: { id: "string|convert" },
      expectedVersion: "stream-exists",
      // The event contains all that its tables need: folding it again needs no other service.
      async payload({ id }, ctx): Promise<Removed["payload"]> {
        const { city, countryCode }: Property = await ctx.call("propertyAggregate.get", { id });
        return { id, countryCode, ...(city !== undefined && { city }) };
      },
    }),

    transformProperty: (ctx: Context<Created>) => ctx.params.payload,
    transformRemoval: (ctx: Context<Removed>) => ctx.params.payload.id,

    async transformCountrySummary(ctx: Context<Created | Removed>) {
      const { type, payload } = ctx.params;
      const row = await summaryOf(ctx, payload.countryCode);
      const change = type === "property.created" ? 1 : -1;
      return {
        id: row?.id,
        countryCode: payload.countryCode,
        total: (row?.total ?? 0) + change,
        beachCity: (row?.beachCity ?? 0) + (payload.city === "Tauranga" ? change : 0),
        mountain: (row?.mountain ?? 0) + (payload.city === "Wanaka" ? change : 0),
      };
    },
    async transformEmptyCountry(ctx: Context<Removed>) {
      const row = await summaryOf(ctx, ctx.params.payload.countryCode);
      return row?.total === 0 ? row : null;
    },
  },
};

export default property;
