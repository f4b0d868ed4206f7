import type { RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { caughtUp, eventually, refusal, startBroker } from "./broker.ts";
import { first, Library, make, makeThree, type LibraryPlace, type NewPlace, type Words } from "./library-releases.ts";
import { eventsIn } from "./pages.ts";

/** The second release says what happens to the loan, and to whom. */
const renamed: Words = {
  events: {
    "loan.made": {
      renamedFrom: ["book.lent"],
      schemaVersion: 2,
      payload: { name: "string", months: "number" },
      upcasters: { 1: (payload: object) => ({ ...payload, months: 1 }) },
    },
    "loan.ended": { renamedFrom: ["book.returned"], payload: { late: "boolean" } },
  },
  made: "loan.made",
  returned: "loan.ended",
  loanOf: (name) => ({ name, months: 2 }),
};

/** A log that the first release has written, and the table that it has folded. */
async function oldLog(newPlace: NewPlace): Promise<LibraryPlace> {
  const place = await newPlace();
  const broker = await startBroker(new Library(first, place).services);
  await makeThree(broker);
  await caughtUp(broker, "loans");
  await caughtUp(broker, "mails");
  await caughtUp(broker, "reminders");
  await broker.stop();
  return place;
}

async function start(words: Words, place: LibraryPlace) {
  const library = new Library(words, place);
  const broker = await startBroker(library.services);
  return { broker, library };
}

const placed = (events: readonly RecordedEvent[]) => events.map(({ position, type }) => `${position} ${type}`);
const read = (broker: ServiceBroker, params: object = {}) =>
  eventsIn(broker.call<{ events: RecordedEvent[] }, object>("events.read", params));
const find = async (broker: ServiceBroker, query: object) =>
  placed(await broker.call<RecordedEvent[], object>("events.find", { query, sort: "position" }));

/** The cases of a log whose event types were renamed; the same on each engine. */
export function readRenamedLogs(newPlace: NewPlace): void {
  it("is read, queried and counted by today's names, with today's payloads", async () => {
    const { broker } = await start(renamed, await oldLog(newPlace));
    const all = ["1 loan.made", "2 loan.made", "3 loan.made", "4 loan.ended"];
    const events = await read(broker);
    expect(placed(events)).toEqual(all);
    expect(events[0]).toMatchObject({ payload: { name: "Ann", months: 1 }, meta: { schemaVersion: 2 } });
    for (const types of ["loan.made", "loan.m*", ["loan.made", "no.such"]])
      expect(placed(await read(broker, { types }))).toEqual(all.slice(0, 3));
    for (const types of ["book.lent", "book.*"]) expect(await read(broker, { types })).toEqual([]);
    for (const query of [
      { type: "loan.made" },
      { type: { $in: ["loan.made", "other"] } },
      { type: { $ne: "loan.ended" } },
      { type: { $regex: "made$" } },
      { type: { $gt: "loan.ended" } },
      { $or: [{ type: "loan.made" }, { position: 99 }] },
    ]) {
      expect(await find(broker, query)).toEqual(all.slice(0, 3));
      expect(await broker.call("events.count", { query })).toBe(3);
    }
    for (const query of [{ type: "book.lent" }, { type: { $regex: "^book" } }]) {
      expect(await find(broker, query)).toEqual([]);
      expect(await broker.call("events.count", { query })).toBe(0);
    }
    expect(await broker.call("events.get", { id: events[3]!.id })).toMatchObject({ type: "loan.ended" });
    const stream = { stream: "loan-3", types: "loan.ended" };
    expect(placed(await read(broker, stream))).toEqual(["4 loan.ended"]);
    expect(placed(await read(broker, { raw: true, types: "book.lent", limit: 1 }))).toEqual(["1 book.lent"]);
    const trace = await broker.call<{ tree: object[] }, object>("events.trace", {
      correlationId: events[0]!.meta.correlationId,
    });
    expect(JSON.stringify(trace.tree)).toContain('"type":"loan.made"');
  });

  it("is exported as it is stored, by today's names", async () => {
    const place = await oldLog(newPlace);
    const { broker } = await start(renamed, place);
    expect(await broker.call("events.export", { to: "made.jsonl", types: "loan.made" })).toMatchObject({ events: 3 });
    expect(readFileSync(join(place.folder, "made.jsonl"), "utf8").match(/"type":"book.lent"/g)).toHaveLength(3);
  });

  it("is folded into the table, handled and decided on by today's names", async () => {
    const place = await oldLog(newPlace);
    const { broker, library } = await start(renamed, place);
    await eventually(async () => {
      expect(await broker.call("loans.find", { sort: "id" })).toMatchObject([
        { id: "1", name: "Ann", events: 1 },
        { id: "2", name: "Bob", events: 1 },
        { id: "3", late: false, events: 2 },
      ]);
      expect(await broker.call("loans.status")).toMatchObject({ state: "live", lag: 0, stale: false });
    });
    // The value is claimed by an event that is stored under its former name, and was released by another one.
    expect(await refusal(() => make(broker, "4", "Ann"))).toMatchObject({ type: "DUPLICATE_CLAIM" });
    await make(broker, "4", "Cid");
    expect(await broker.call("loan.state", { id: "3" })).toMatchObject({ state: ["made Cid", "returned"], version: 2 });
    expect(await broker.call("loan.history", { id: "1" })).toMatchObject({ events: [{ type: "loan.made" }] });
    await eventually(() => {
      expect(library.handled).toMatchObject([{ type: "loan.made", stream: "loan-4" }]);
      expect(library.heard).toMatchObject([{ type: "loan.made", stream: "loan-4" }]);
    });
    await caughtUp(broker, "reminders");
    expect(await broker.call("events.verify")).toMatchObject({ ok: true });
    expect(await broker.call("loans.verify")).toMatchObject({ ok: true });
  });

  it("parks an event that cannot be read under its former name, and folds it after a correction", async () => {
    const place = await oldLog(newPlace);
    const fail = () => {
      throw new Error("no months");
    };
    const { "loan.made": made, ...others } = renamed.events;
    const events = { ...others, "loan.made": { ...made, upcasters: { 1: fail } } };
    const { broker } = await start({ ...renamed, events }, place);
    const list = async () =>
      (await eventsIn(broker.call<{ events: { type: string; error: unknown }[] }>("loans.parked"))).map(
        ({ type, error }) => [type, error !== null],
      );
    await eventually(async () =>
      expect(await list()).toEqual([
        ["book.lent", true],
        ["book.lent", true],
        ["book.lent", true],
        ["loan.ended", false],
      ]),
    );
    await broker.stop();
    const fixed = await start(renamed, place);
    await fixed.broker.call("loans.rebuild");
    expect(await fixed.broker.call("loans.find", { sort: "id" })).toMatchObject([{ events: 1 }, {}, { events: 2 }]);
  });

  it("accepts the events of an older release, and recognises a repeated append", async () => {
    const { broker } = await start(renamed, await newPlace());
    const id = "0190a0b0-1111-7222-8333-444455556666";
    const old = { id, type: "book.lent", payload: { name: "Ann" }, meta: { schemaVersion: 1 } };
    const append = (event: object) => broker.call("events.append", { stream: "loan-1", events: [event] });
    expect(await append(old)).toMatchObject({
      repeated: false,
      events: [{ id, type: "loan.made", payload: { name: "Ann", months: 1 } }],
    });
    expect(await append({ id, type: "loan.made", payload: { name: "Ann", months: 1 } })).toMatchObject({
      repeated: true,
      events: [{ id, type: "loan.made" }],
    });
    const other = { id, type: "loan.ended", payload: { late: true } };
    expect(await refusal(() => append(other))).toMatchObject({ type: "EVENT_ID_REUSED" });
    expect(await refusal(() => append({ ...old, payload: {} }))).toMatchObject({ type: "VALIDATION_ERROR" });
    await caughtUp(broker, "loans");
    expect(await broker.call("loans.get", { id: "1" })).toMatchObject({ name: "Ann", months: 1 });
  });
}
