/*
 * Compiled by `npm run typecheck`, never run: transforms that are right, in forms in which the search for undeclared fields
 * must find none.
 */
import { Aggregate, EventStore, type EventsOf, type RecordedEvent, type RowInput } from "moleculer-event-sourcing";

const bank = EventStore("bank", {
  events: {
    "account.opened": { payload: { id: "string", iban: "string", note: "string?" } },
    "account.deposited": { payload: { id: "string", amount: "number" } },
    "account.any": {},
    "account.list": { payload: { $$root: true, type: "array", items: "string" } },
  },
});
type Events = EventsOf<typeof bank>;
const untyped = EventStore("untyped");
/** `any`, as from code without types. */
const loose = JSON.parse("null");

const fields = { iban: "string", balance: "number" } as const;
const table = () =>
  Aggregate("balances", {
    eventStore: bank,
    fields: { iban: "string", balance: "number", opened: "date", info: "object" },
  });
table().on("account.opened").create("some.action");
declare const name: string;
table().on("account.opened").create(name);
table()
  .on("account.opened")
  .create(() => null);
table()
  .on("account.opened")
  .create(async () => null);
table()
  .on("account.opened")
  .create(() => loose);
table()
  .on("account.opened")
  .create(() => {
    throw new Error("x");
  });
table()
  .on("account.opened")
  .create((event: RecordedEvent) => ({ iban: String(event.payload["iban"]) }));
table()
  .on("account.opened")
  .create(({ payload: { iban } }, { row }) => (row ? null : { iban }));
table()
  .on("account.opened")
  .create(({ payload: { iban } }, { row }) => (row ? { balance: row.balance } : { iban }));
table()
  .on("account.opened")
  .create(({ payload: { iban, note } }) => {
    if (note) return { iban, info: { note } };
    return { iban, opened: new Date(), id: undefined };
  });
table()
  .on("account.opened")
  .update(async (event, { find, get }) => ({ ...(await find())[0], ...(await get("1")), iban: event.payload.iban }));
table()
  .on("account.opened")
  .update((_, { row }) => row);
table()
  .on("account.opened")
  .update((_, { row }) => ({ ...row, balance: 0 }));
const toRow = (event: RecordedEvent<"account.opened", { id: string; iban: string }>) => ({ iban: event.payload.iban });
table().on("account.opened").create(toRow);
function toRow2(event: { payload: { iban: string } }): RowInput<typeof fields> {
  return { iban: event.payload.iban };
}
table().on("account.opened").create(toRow2);
table()
  .on("account.opened")
  .createMany(({ payload }) => [{ iban: payload.iban }, { balance: 5 }]);
table()
  .on("account.opened")
  .createMany(() => []);
table()
  .on("account.opened")
  .createMany(({ payload }) => [1, 2].map((balance) => ({ iban: payload.iban, balance })));
table()
  .on("account.opened")
  .updateMany(async (_, { find }) => (await find()).map((row) => ({ ...row, balance: 1 })));
table()
  .on("account.*")
  .update((event) => (event.type === "account.opened" ? { iban: event.payload.iban } : null));
declare const either: "some.action" | ((event: RecordedEvent) => { iban: string });
table().on("account.opened").create(either);
Aggregate("t", { eventStore: untyped, fields })
  .on("x.y")
  .create(({ payload }) => payload);
Aggregate("t", { eventStore: untyped, fields })
  .on("x.y")
  .create((event) => ({ iban: event.payload["iban"] as string }));
Aggregate("t", { eventStore: untyped, fields })
  .on("x.y")
  .create(({ payload }) => ({ ...payload, iban: "" }));
class Service {
  transform(event: RecordedEvent) {
    return { iban: event.type };
  }
  bound = (event: RecordedEvent) => ({ iban: event.type });
}
const service = new Service();
table()
  .on("account.opened")
  .create((event) => service.transform(event))
  .on("account.opened")
  .create(service.bound);
table()
  .on("account.opened")
  .create(function (event) {
    return { iban: event.payload.iban };
  });
for (const type of ["account.opened", "account.deposited"] as const)
  table()
    .on(type)
    .update((event) => ({ iban: event.payload.id }));
function overloaded(event: RecordedEvent): { iban: string };
function overloaded(event: null): { balance: number };
function overloaded(): object {
  return {};
}
table().on("account.opened").create(overloaded);
interface Stored {
  id: string;
  iban: string | null;
}
table()
  .on("account.opened")
  .create(({ payload }): Stored => ({ id: payload.id, iban: payload.iban }));
const picked = <T>(value: T) => value;
table()
  .on("account.opened")
  .create(picked(({ payload }: RecordedEvent<"account.opened", Events["account.opened"]>) => ({ iban: payload.iban })));
