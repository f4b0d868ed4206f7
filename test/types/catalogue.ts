/* Compiled by `npm run typecheck`, never run: what the compiler infers from a catalogue of events. */
import {
  Aggregate,
  EventStore,
  type EventCatalogue,
  type EventsOf,
  type EventStoreOptions,
  type PayloadSchema,
  type RecordedEvent,
  type RowOf,
} from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

const events = EventStore("bank", {
  events: {
    "account.opened": {
      payload: {
        iban: "string",
        owner: { type: "string", min: 1 },
        tags: "string[]",
        address: { type: "object", props: { city: "string?" } },
      },
      schemaVersion: 3,
      upcasters: {
        1: (payload, event) => ({ ...payload, owner: `${event.stream} ${String(payload["name"])}` }),
        2: (payload: { iban: string }) => payload,
      },
    },
    "account.closed": { payload: { iban: "string", $$strict: true } },
    "account.noted": {},
  },
  unknownTypes: "refuse",
});

type Opened = EventsOf<typeof events>["account.opened"];
expectType<Equals<Opened, OpenedInFull>>(true);
type OpenedInFull = { iban: string; owner: string; tags: string[]; address: { city?: string | null } };

events.mapAction("account.opened", {
  stream: ({ iban, address }) => `account-${iban}${address.city ?? ""}`,
  payload: (params) => {
    expectType<
      Equals<typeof params, { id: string } & Opened extends infer Whole ? { [Key in keyof Whole]: Whole[Key] } : never>
    >(true);
    return { iban: params.iban, owner: "Ann", tags: [], address: {} };
  },
});
events.mapAction("account.closed", {
  params: { number: "number", note: "string?" },
  stream: (params) => {
    expectType<Equals<typeof params, { number: number; note?: string | null }>>(true);
    return `account-${params.number}`;
  },
  payload: ({ number }) => ({ iban: String(number) }),
  // @ts-expect-error a param that is not declared
  meta: ({ nubmer }) => ({ nubmer }),
});
// @ts-expect-error a payload without its required fields
events.mapAction("account.opened", { payload: () => ({ iban: "NZ1" }) });
// @ts-expect-error a field of another type
events.mapEvent("account.closed", { payload: () => ({ iban: 1 }) });
// @ts-expect-error a type that the catalogue does not name
events.mapAction("account.lost");
// @ts-expect-error params that the payload does not have are unknown
events.mapEvent("account.closed", { stream: (params) => params.name });

const accounts = Aggregate("accounts", {
  eventStore: events,
  fields: { owner: "string", balance: { type: "integer", required: true }, open: "boolean" },
});
accounts.on("account.opened").create(async (event, { find, get }) => {
  expectType<Equals<typeof event.payload, Opened>>(true);
  const [row] = await find();
  expectType<Equals<typeof row, RowOf<typeof accounts> | undefined>>(true);
  return { id: event.payload.iban, owner: event.payload.owner, balance: (await get("NZ1"))?.balance ?? 0 };
});
accounts.on("account.noted").update(({ payload }) => {
  expectType<Equals<typeof payload, Record<string, unknown>>>(true);
  return null;
});
accounts.on("account.*").update((event) => {
  if (event.type === "account.opened") return { id: event.payload.iban, owner: event.payload.owner, balance: 0 };
  // @ts-expect-error only an opened account has an owner
  return { id: String(event.payload.owner) };
});
// @ts-expect-error an event type that the catalogue does not name
accounts.on("account.lost");

/** What a schema lets pass, for one event type of a catalogue. */
function payloadOf<const Schema extends PayloadSchema>(payload: Schema) {
  return EventStore("one", { events: { one: { payload } } });
}
type Payload<Store extends EventStore> = EventsOf<Store>["one"];

const strings = payloadOf({
  a: "string|min:3",
  b: "email",
  c: "url",
  d: "uuid",
  e: "date",
  f: "string|trim|lowercase",
});
expectType<Equals<Payload<typeof strings>, { a: string; b: string; c: string; d: string; e: string; f: string }>>(true);

const others = payloadOf({
  a: "number|integer",
  b: "boolean",
  c: "object",
  d: "array",
  e: "any",
  f: "number[]",
});
type Others = {
  a: number;
  b: boolean;
  c: Record<string, unknown>;
  d: unknown[];
  e: unknown;
  f: number[];
};
expectType<Equals<Payload<typeof others>, Others>>(true);

const optionals = payloadOf({
  a: "string?",
  b: "string|optional|min:3",
  c: { type: "number", optional: true },
  d: { type: "string", nullable: true },
  e: "string|nullable",
  f: { type: "string", optional: true, default: "x" },
  g: "string[]?",
  h: "number|optional|default:5",
  i: { type: "number", optional: false },
});
type Optionals = {
  a?: string | null;
  b?: string | null;
  c?: number | null;
  d: string | null;
  e: string | null;
  f: string;
  g?: string[] | null;
  h: number;
  i: number;
};
expectType<Equals<Payload<typeof optionals>, Optionals>>(true);

const nested = payloadOf({
  $$strict: "remove",
  a: {
    type: "object",
    props: { x: "number", y: { type: "array", items: { type: "object", properties: { z: "date" } } } },
  },
  b: { $$type: "object|optional", x: "number?" },
  c: { $$type: "object", $$strict: true, x: { $$type: "object?", y: "string" } },
  d: { type: "array", items: "string" },
  e: { type: "array", enum: ["x", "y"] },
  f: { type: "record", key: "string", value: "number" },
  g: { type: "tuple", items: ["string", "number"] },
});
type Nested = {
  a: { x: number; y: { z: string }[] };
  b?: { x?: number | null } | null;
  c: { x?: { y: string } | null };
  d: string[];
  e: ("x" | "y")[];
  f: Record<string, number>;
  g: [string, number];
};
expectType<Equals<Payload<typeof nested>, Nested>>(true);

const unions = payloadOf({
  a: ["string", "number"],
  b: { type: "enum", values: ["red", "green", 3] },
  c: { type: "string", enum: ["x", "y"] },
  d: { type: "multi", rules: ["string", { type: "object", props: { x: "boolean" } }] },
  e: [{ type: "string", optional: true }, "number?"],
  f: { type: "equal", value: "yes", strict: true },
  g: ["string?", "number"],
  h: { type: "multi", optional: true, rules: ["string|nullable", "number"] },
});
type Unions = {
  a: string | number;
  b: "red" | "green" | 3;
  c: "x" | "y";
  d: string | { x: boolean };
  e?: string | number | null;
  f: "yes";
  g: string | number;
  h?: string | number | null;
};
expectType<Equals<Payload<typeof unions>, Unions>>(true);

const roots = payloadOf({ $$root: true, type: "array", items: "string" });
expectType<Equals<Payload<typeof roots>, string[]>>(true);
const rootUnion = payloadOf([{ type: "object", props: { x: "number" } }, "string"]);
expectType<Equals<Payload<typeof rootUnion>, { x: number } | string>>(true);
const unknowns = payloadOf({ a: "strnig", b: { type: "custom" }, c: 5, d: { min: 3 } });
expectType<Equals<Payload<typeof unknowns>, { a: unknown; b: unknown; c: unknown; d: unknown }>>(true);

// A catalogue that stands by itself.
const catalogue = { "a.b": { payload: { x: "number" } } } as const satisfies EventCatalogue;
expectType<Equals<EventsOf<typeof catalogue>, { "a.b": { x: number } }>>(true);
EventStore("apart", { events: catalogue }).mapAction("a.b", { payload: ({ x }) => ({ x: x + 1 }) });

// With types of its own, and a catalogue for some of them.
type Own = { "villa.opened": { name: string }; "villa.closed": { at: string } };
const own = EventStore<Own>("own", { events: { "villa.opened": { payload: { name: "string" } } } });
own.mapAction("villa.closed", { payload: ({ at }) => ({ at: at.trim() }) });
expectType<Equals<EventsOf<typeof own>, Own>>(true);
// @ts-expect-error neither a store nor a catalogue
expectType<EventsOf<string>>(true);
// @ts-expect-error a type that the map does not name
EventStore<Own>("own", { events: { "villa.lost": {} } });
EventStore<Own>("own").mapAction("villa.opened", { payload: ({ name }) => ({ name }) });
EventStore<Own>("own", { adapter: "sqlite:x.db" });
// @ts-expect-error a type that the map does not name
EventStore<Own>("own").mapAction("villa.lost");

// Without types.
const untyped: EventStore = EventStore("untyped", { maxEventBytes: 5 } satisfies EventStoreOptions);
untyped.mapAction("anything", { payload: ({ x }: { x?: unknown }) => ({ x }) });
Aggregate("table", { eventStore: untyped, fields: { name: "string" } })
  .on("thing.**")
  .create((event: RecordedEvent) => ({ name: String(event.payload["name"]) }));
// @ts-expect-error a misspelt option
EventStore("untyped", { event: {} });
// @ts-expect-error neither "accept" nor "refuse"
EventStore("untyped", { unknownTypes: "drop" });
// @ts-expect-error a version is a number
EventStore("wrong", { events: { "a.b": { schemaVersion: "1" } } });
