/* Compiled by `npm run typecheck`, never run: the rows of a table. */
import { Aggregate, EventStore, type RowOf } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

const fields = { name: "string", rooms: { type: "integer", required: true }, opened: "date" } as const;
const villas = Aggregate("villas", { eventStore: EventStore("villaEvents"), fields });

type Villa = { id: string } & { name: string | null; rooms: number; opened: string | null };
expectType<Equals<RowOf<typeof villas>, RowOf<typeof fields>>>(true);
const villa: RowOf<typeof villas> = { id: "1", name: null, rooms: 3, opened: null } satisfies Villa;
expectType<Equals<typeof villa.rooms, number>>(true);
expectType<Equals<typeof villa.name, string | null>>(true);
// @ts-expect-error a field that the table does not have
void villa.address;

// Fields may bear the names that an aggregate's parts have.
type Odd = RowOf<{ fields: { type: "string" }; mixin: "boolean"; name: "string" }>;
expectType<Equals<Odd["fields"], string | null>>(true);
expectType<Equals<Odd["mixin"], boolean | null>>(true);
// @ts-expect-error neither fields nor an aggregate
expectType<RowOf<"villas">>(villa);
