import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type EventCatalogue,
  type FieldsInput,
} from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";

export type Release = 1 | 2;

const first = {
  "order.placed": { payload: { euros: "number" } },
  "order.noted": { payload: { text: "string" } },
  "bill.added": { payload: { id: "string", euros: "number" } },
} satisfies EventCatalogue;

/** The second release changes a field's name and unit, and adds a type. */
const catalogues: Record<Release, EventCatalogue> = {
  1: first,
  2: {
    ...first,
    "order.placed": {
      schemaVersion: 2,
      payload: { cents: "number" },
      upcasters: { 1: ({ euros }: Record<string, unknown>) => ({ cents: (euros as number) * 100 }) },
    },
    "order.shipped": { payload: { by: "string" } },
  },
};

/** The three cases of a deploy: the schema of its events has changed, its transform has changed, nothing has changed. */
export const tables = ["orders", "bills", "notes"] as const;
export type Table = (typeof tables)[number];
export const leased = ["mails", "billing"] as const;
export const consumers = [...tables, ...leased];

export interface Places {
  /** The connection string of the log; without one, another node hosts it. */
  log?: string;
  tables: Record<Table, string>;
}

/** The row that each table has beside those of its entities: it counts the events that were folded. */
export const total = "total";

/** What the entities of events begin with that no command has stored. */
export const filled = "filled.";

/** The field that only the second release has, and sets in its total. */
export const addedFields: Partial<Record<Table, string>> = { orders: "shipped", bills: "largest" };

const numberIn = (payload: unknown, field: string) => (payload as Record<string, number>)[field]!;

const numberOf = (row: object | null, field: string) => (row as Record<string, number | null> | null)?.[field] ?? 0;

/** The services of a node of one release. `sendLine` reports the positions that the subscription handles. */
export function shopServices(
  release: Release,
  places: Places,
  sendLine: (...words: unknown[]) => void,
): ServiceSchema[] {
  const events = EventStore("events", {
    ...(places.log === undefined ? { host: false } : { adapter: places.log }),
    events: catalogues[release],
    unknownTypes: "refuse",
  });
  const isNew = release === 2;
  const unit = isNew ? "cents" : "euros";
  const table = (name: Table, fields: FieldsInput, definitionVersion: number) =>
    Aggregate(name, { eventStore: events, adapter: places.tables[name], fields, definitionVersion, snapshots: false });

  const orders = table("orders", { events: "integer", amount: "number", ...(isNew && { shipped: "integer" }) }, 1)
    .on("order.**")
    .updateMany(async ({ type, payload }, { id, get }) => {
      const [row, all] = await Promise.all([get(id), get(total)]);
      const shipped = type === "order.shipped" ? 1 : 0;
      return [
        {
          id,
          events: numberOf(row, "events") + 1,
          ...(type === "order.placed" && { amount: numberIn(payload, unit) }),
          ...(isNew && { shipped: numberOf(row, "shipped") + shipped }),
        },
        {
          id: total,
          events: numberOf(all, "events") + 1,
          ...(isNew && { shipped: numberOf(all, "shipped") + shipped }),
        },
      ];
    });
  const bills = table("bills", { events: "integer", amount: "number", ...(isNew && { largest: "number" }) }, release)
    .on("bill.added")
    .update(async ({ payload }, { get }) => {
      const row = await get(total);
      const euros = numberIn(payload, "euros");
      return {
        id: total,
        events: numberOf(row, "events") + 1,
        amount: numberOf(row, "amount") + euros,
        ...(isNew && { largest: Math.max(numberOf(row, "largest"), euros) }),
      };
    });
  const notes = table("notes", { events: "integer" }, 1)
    .on("order.noted")
    .update(async (_, { get }) => ({ id: total, events: numberOf(await get(total), "events") + 1 }));

  const mails = Subscription("mails", {
    eventStore: events,
    // The clock is the same for all processes of the machine.
    on: { "order.**": ({ position }) => sendLine("handled", position, process.hrtime.bigint()) },
  });
  const billing = ProcessManager("billing", {
    eventStore: events,
    on: {
      "order.placed": async ({ id, payload }, { call }) =>
        void (await call("bill.add", { id, euros: numberIn(payload, unit) / (isNew ? 100 : 1) })),
    },
  });
  const order = Decider("order", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      place: {
        params: { euros: "number" },
        decide: (_, { euros }) => ({ type: "order.placed", payload: isNew ? { cents: euros * 100 } : { euros } }),
      },
      note: { decide: () => ({ type: "order.noted", payload: { text: "urgent" } }) },
      ...(isNew && { ship: { decide: () => ({ type: "order.shipped", payload: { by: "sea" } }) } }),
    },
    evolve: {
      "order.placed": (count) => count + 1,
      "order.noted": (count) => count + 1,
      ...(isNew && { "order.shipped": (count: number) => count + 1 }),
    },
  });
  return [
    { name: "order", mixins: [order.mixin(), orders.mixin(), notes.mixin(), mails.mixin()] },
    {
      name: "bill",
      mixins: [bills.mixin(), billing.mixin()],
      actions: { add: events.mapAction("bill.added", { params: { id: "string", euros: "number" } }) },
    },
  ];
}
