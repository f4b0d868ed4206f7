import type { EventDefinition, RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { caughtUp, eventually, refusal, startBroker } from "./broker.ts";
import { first, Library, make, type LibraryPlace, type NewPlace, type Words } from "./library-releases.ts";
import { eventsIn } from "./pages.ts";

/** The second release renames the type of a new loan, and nothing else. */
const renamed: Words = {
  ...first,
  events: {
    "loan.lent": { renamedFrom: ["book.lent"], payload: { name: "string" } },
    "book.returned": { payload: { late: "boolean" } },
  },
  made: "loan.lent",
};

const made = (type: string): EventDefinition => ({
  schemaVersion: 2,
  upcasters: { 1: { to: [type], upcast: (payload) => ({ type, payload }) } },
});

/** Renames both types, by upcasters. */
const replaced: Words = {
  ...first,
  events: {
    "book.lent": made("loan.lent"),
    "book.returned": made("loan.ended"),
    "loan.lent": { payload: { name: "string" } },
    "loan.ended": { payload: { late: "boolean" } },
  },
  made: "loan.lent",
  returned: "loan.ended",
};

const consumers = ["loans", "mails", "reminders"] as const;

const statusOf = (broker: ServiceBroker, name: string): Promise<object> => broker.call(`${name}.status`);
const cause = "position 2 needs a release that knows loan.lent version 1, formerly book.lent";

const waits = (broker: ServiceBroker, names: readonly string[] = consumers) =>
  eventually(async () => {
    for (const name of names)
      expect(await statusOf(broker, name)).toMatchObject({ state: "waiting", cause, position: 1, parked: 0 });
  });

async function start(words: Words, place: LibraryPlace) {
  const library = new Library(words, place);
  return { library, broker: await startBroker(library.services) };
}

/** A log with a loan of the older release, one of the newer one and one of the older one, which is alone again. */
async function afterARollback(newPlace: NewPlace, older: Words, later: Words) {
  const place = await newPlace();
  const before = await start(older, place);
  for (const name of consumers) await before.broker.call(`${name}.pause`);
  await before.broker.call("events.pausePump");
  await make(before.broker, "1", "Ann");
  await before.broker.stop();
  const newer = await start(later, place);
  await make(newer.broker, "2", "Bob");
  await newer.broker.stop();
  const { broker, library } = await start(older, place);
  await make(broker, "3", "Cid");
  await broker.call("events.resumePump");
  for (const name of consumers) await broker.call(`${name}.resume`);
  const [bob] = await eventsIn<RecordedEvent>(broker.call("events.read", { after: 1, limit: 1, raw: true }));
  return { broker, library, place, id: bob!.id };
}

const streams = (events: readonly { stream: string }[]) => events.map(({ stream }) => stream);

/** The cases of a release that renamed a type and was rolled back; the same on each engine. */
export function rollBackRenames(newPlace: NewPlace): void {
  it.each([
    ["with a catalogue", first, renamed],
    ["without a catalogue", { ...first, events: {} }, renamed],
    ["before an upcaster", first, replaced],
  ])("is waited for by an older release %s, which an operator takes past it", async (_, older, newer) => {
    const { broker, library, place, id } = await afterARollback(newPlace, older, newer);
    await waits(broker);
    expect(streams(library.handled)).toEqual(["loan-1"]);
    expect(await broker.call("loans.find")).toMatchObject([{ id: "1", name: "Ann" }]);
    const late = await refusal(() => broker.call("loans.find", {}, { meta: { readAfter: { events: 3 } } }));
    expect(late).toMatchObject({ type: "NOT_CAUGHT_UP", message: expect.stringContaining(cause) as string });
    const error = { type: "NEWER_EVENT", code: 503, retryable: true, message: cause };
    expect(await refusal(() => make(broker, "2", "Bob"))).toMatchObject(error);
    expect(await refusal(() => broker.call("loan.state", { id: "2" }))).toMatchObject(error);
    await broker.call("loan.return", { id: "3" });
    expect(await refusal(() => broker.call("loans.at", { position: 3 }))).toMatchObject({ type: "NEWER_EVENT" });
    if (Object.keys(older.events).length > 0)
      await eventually(async () => {
        expect(await statusOf(broker, "events")).toMatchObject({ state: "waiting", cause, pump: { position: 1 } });
        expect(streams(library.heard)).toEqual(["loan-1"]);
      });

    for (const name of ["mails", "reminders"]) {
      await broker.call(`${name}.skip`, { id, reason: "rolled back" });
      await caughtUp(broker, name);
    }
    expect(streams(library.handled)).toEqual(["loan-1", "loan-3"]);
    await broker.stop();

    const back = await start(newer, place);
    for (const name of consumers) await caughtUp(back.broker, name);
    expect(await back.broker.call("loans.find", { sort: "id" })).toMatchObject([
      { name: "Ann" },
      { name: "Bob" },
      { name: "Cid", late: false },
    ]);
    expect(await back.broker.call("loan.state", { id: "2" })).toMatchObject({ state: ["made Bob"] });
    expect(await back.broker.call("loans.verify")).toMatchObject({ ok: true });
    expect(await back.broker.call("events.verify")).toMatchObject({ ok: true });
  });
}
