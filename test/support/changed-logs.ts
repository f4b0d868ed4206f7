import type { EventCatalogue, RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { caughtUp, eventually, refusal, startBroker } from "./broker.ts";
import { first, Library, make, makeThree, type NewPlace, type Words } from "./library-releases.ts";
import { eventsIn } from "./pages.ts";

type Payload = Record<string, unknown>;

/** Loans of Bob are dropped, those of Cid ended at once, and returns are dropped. */
const changed: Words = {
  events: {
    "book.lent": {
      schemaVersion: 2,
      upcasters: {
        1: {
          to: ["loan.made", "loan.ended"],
          upcast: ({ name }: Payload) => {
            const made = { type: "loan.made", payload: { name }, schemaVersion: 1 };
            if (name === "Bob") return null;
            return name === "Cid" ? [made, { type: "loan.ended", payload: { late: true } }] : made;
          },
        },
      },
    },
    "book.returned": { schemaVersion: 2, upcasters: { 1: { to: [], upcast: () => null } } },
    "loan.made": {
      schemaVersion: 2,
      payload: { name: "string", months: "number" },
      upcasters: { 1: (payload: Payload) => ({ ...payload, months: 1 }) },
    },
    "loan.ended": { payload: { late: "boolean" } },
  },
  made: "loan.made",
  returned: "loan.ended",
  loanOf: (name) => ({ name, months: 2 }),
};

/** An export of a log that the first release has written. */
async function exported(newPlace: NewPlace): Promise<string> {
  const place = await newPlace();
  const broker = await startBroker(new Library(first, place).services);
  await makeThree(broker);
  await broker.call("events.export", { to: "log.jsonl" });
  await broker.stop();
  return join(place.folder, "log.jsonl");
}

/** The second release, on an import of the first one's log. */
async function start(newPlace: NewPlace, events: EventCatalogue = changed.events) {
  const log = await exported(newPlace);
  const place = await newPlace();
  copyFileSync(log, join(place.folder, "log.jsonl"));
  const library = new Library({ ...changed, events }, place);
  const broker = await startBroker(library.services);
  expect(await broker.call("events.import", { from: "log.jsonl" })).toMatchObject({ events: 4 });
  return { broker, library };
}

const placed = (events: readonly RecordedEvent[]) => events.map(({ position, type }) => `${position} ${type}`);
const read = (broker: ServiceBroker, params: object = {}) =>
  eventsIn(broker.call<{ events: RecordedEvent[] }, object>("events.read", params));
const find = async (broker: ServiceBroker, params: object) =>
  placed(await broker.call<RecordedEvent[], object>("events.find", params));

/** The cases of events that are read as others; the same on each engine. */
export function readChangedLogs(newPlace: NewPlace): void {
  it("are read, found and counted by their types, dropped ones not at all", async () => {
    const { broker } = await start(newPlace);
    const events = await read(broker);
    const all = ["1 loan.made", "3 loan.made", "3 loan.ended"];
    expect(placed(events)).toEqual(all);
    const [, cid, ended] = events;
    expect(cid).toMatchObject({ version: 1, payload: { name: "Cid", months: 1 }, meta: { schemaVersion: 2 } });
    expect(ended).toMatchObject({ id: `${cid!.id}.2`, version: 1, meta: { schemaVersion: 1 } });
    expect(placed(await read(broker, { types: "loan.ended" }))).toEqual(["3 loan.ended"]);
    expect(placed(await read(broker, { types: "book.*" }))).toEqual([]);
    expect(placed(await read(broker, { after: 1, limit: 1 }))).toEqual(all.slice(1));
    expect(placed(await read(broker, { stream: "loan-3" }))).toEqual(all.slice(1));
    expect(placed(await read(broker, { raw: true }))).toEqual([
      "1 book.lent",
      "2 book.lent",
      "3 book.lent",
      "4 book.returned",
    ]);
    for (const [query, found] of [
      [{}, all],
      [{ type: "loan.made" }, ["1 loan.made", "3 loan.made"]],
      [{ type: { $ne: "loan.made" } }, ["3 loan.ended"]],
      [{ type: "book.lent" }, []],
      [{ stream: "loan-2" }, []],
      [{ stream: "loan-3", type: { $regex: "ed$" } }, ["3 loan.ended"]],
      [{ id: ended!.id }, ["3 loan.ended"]],
      [{ "payload.name": "Cid" }, all.slice(1)],
    ] as const) {
      expect([query, await find(broker, { query })]).toEqual([query, found]);
      expect(await broker.call("events.count", { query })).toBe(found.length);
    }
    expect(await find(broker, { sort: "-type", limit: 1, offset: 1 })).toEqual(["3 loan.made"]);
    expect(await broker.call("events.get", { id: ended!.id })).toMatchObject({ type: "loan.ended" });
    expect(await broker.call("events.get", { id: [cid!.id] })).toMatchObject([{ type: "loan.made" }]);
    expect(await broker.call("events.export", { to: "ended.jsonl", types: "loan.ended" })).toMatchObject({ events: 1 });
    expect(await broker.call("events.verify")).toMatchObject({ ok: true });
  });

  it("are folded, handled, decided on and heard in their new form", async () => {
    const { broker, library } = await start(newPlace);
    await eventually(async () => {
      expect(await broker.call("loans.find", { sort: "id" })).toMatchObject([
        { id: "1", name: "Ann", events: 1 },
        { id: "3", name: "Cid", late: true, events: 2 },
      ]);
      expect(library.handled).toMatchObject([{ payload: { name: "Ann" } }, { payload: { name: "Cid" } }]);
      expect(library.heard.map(({ type, stream }) => `${stream} ${type}`)).toEqual([
        "loan-1 loan.made",
        "loan-3 loan.made",
        "loan-3 loan.ended",
      ]);
    });
    await caughtUp(broker, "reminders");
    expect(await broker.call("reminders.processes", { id: "3" })).toMatchObject({
      processes: [{ state: ["loan.made", "loan.ended"] }],
    });
    expect(await broker.call("loan.state", { id: "3" })).toMatchObject({
      state: ["made Cid", "returned"],
      version: 2,
      position: 4,
    });
    expect(await broker.call("loan.state", { id: "2" })).toMatchObject({ state: [], version: 1 });
    expect(await refusal(() => make(broker, "4", "Ann"))).toMatchObject({ type: "DUPLICATE_CLAIM" });
    await make(broker, "2", "Bob");
    await make(broker, "5", "Cid");
    expect(await broker.call("loan.state", { id: "2" })).toMatchObject({ state: ["made Bob"], version: 2 });
    await caughtUp(broker, "loans");
    expect(await broker.call("loans.verify")).toMatchObject({ ok: true });
    expect(await broker.call("events.verify")).toMatchObject({ ok: true });
  });

  it("are parked if their upcaster returns a type that it does not name", async () => {
    const other = { type: "loan.ended", payload: { late: true } };
    const { broker } = await start(newPlace, {
      ...changed.events,
      "book.lent": { schemaVersion: 2, upcasters: { 1: { to: ["loan.made"], upcast: () => other } } },
    });
    const parked = await eventually(async () => {
      const { events } = await broker.call<{ events: { type: string; error: { message: string } }[] }>("loans.parked");
      expect(events).toHaveLength(3);
      return events;
    });
    const message =
      /the upcaster from version 1 of book.lent returned an event of type "loan.ended", expected one of the types in to: loan.made/;
    expect(parked[0]).toMatchObject({ type: "book.lent", error: { message: expect.stringMatching(message) } });
    expect(await broker.call("events.verify")).toMatchObject({ ok: false, total: 3 });
    expect(await refusal(() => read(broker))).toMatchObject({ type: "UPCAST_FAILED" });
  });
}
