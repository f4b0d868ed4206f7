import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type EventCatalogue,
} from "moleculer-event-sourcing";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";

afterEach(cleanUp);

/** A store with events of `book.lent`, `book.returned` and `shelf.moved`. */
async function stored(): Promise<string> {
  const adapter = `sqlite:${newFolder()}/library.db`;
  const events = EventStore("library", { adapter });
  const broker = await startBroker([{ name: "old", mixins: [events.mixin()] }]);
  const add = (type: string, count: number) =>
    broker.call("library.append", {
      stream: "a",
      events: Array.from({ length: count }, () => ({ type, payload: {} })),
    });
  await add("book.lent", 1200);
  await add("book.returned", 30);
  await add("shelf.moved", 1);
  await broker.stop();
  return adapter;
}

async function started(adapter: string, catalogue: EventCatalogue | undefined, type: string): Promise<LogLines> {
  const logger = new LogLines();
  const events = EventStore("library", { adapter, ...(catalogue && { events: catalogue }) });
  const on = { [type]: () => {} };
  const mixins = [
    events.mixin(),
    Aggregate("books", { eventStore: events, adapter: "memory:", fields: { n: "integer" } })
      .on(type)
      .create(() => ({}))
      .mixin(),
    Subscription("mails", { eventStore: events, on }).mixin(),
    ProcessManager("loans", { eventStore: events, initialState: () => ({}), on }).mixin(),
    Decider("book", {
      eventStore: events,
      initialState: () => ({}),
      commands: { lend: { params: {}, decide: () => [] } },
      evolve: { [type.replace("*", "joined")]: (state) => state },
    }).mixin(),
  ];
  await startBroker([{ name: "new", mixins }], { logger });
  return logger;
}

const mapping = /^(table\/books|subscription\/mails|process-manager\/loans|book) maps /;

describe("Stored types that the catalogue does not have", () => {
  it("are named once at the start, with their numbers and near names", async () => {
    const adapter = await stored();
    const log = await started(adapter, { "book.Lent": {}, "shelf.moved": {} }, "shelf.moved");
    await eventually(() =>
      expect(log.of("warn", /stored event types/)).toEqual([
        "library: found stored event types that the catalogue does not have: " +
          "book.lent, 1200 events (did you mean book.Lent?), book.returned, 30 events; " +
          "expected an entry for each, or its name in the renamedFrom of another",
      ]),
    );
    expect(log.of("warn", mapping)).toEqual([]);
  });

  it("are not those that were renamed, nor any of a store without a catalogue", async () => {
    const renamed = { "loan.begun": { renamedFrom: ["book.lent"] }, "book.returned": {}, "shelf.moved": {} };
    for (const catalogue of [renamed, undefined])
      expect((await started(await stored(), catalogue, "shelf.moved")).of("warn", /stored event types|maps/)).toEqual(
        [],
      );
  });
});

describe("A mapped type that neither the catalogue nor the log has", () => {
  const mappedBy = (log: LogLines, level: string) => log.of(level, mapping).toSorted();

  it("is named with the near name by each that maps it", async () => {
    const adapter = await stored();
    const log = await started(adapter, undefined, "book.lend");
    const message = "maps book.lend, which the log does not have (did you mean book.lent?)";
    const all = ["book", "process-manager/loans", "subscription/mails", "table/books"];
    await eventually(() => expect(mappedBy(log, "warn")).toEqual(all.map((name) => `${name} ${message}`)));
  });

  it("may just not have happened yet, if the store has no catalogue and no name is near", async () => {
    const adapter = await stored();
    const log = await started(adapter, undefined, "member.joined");
    await eventually(() => expect(mappedBy(log, "info")).toHaveLength(4));
    expect(mappedBy(log, "warn")).toEqual([]);
  });

  it("may be a pattern that matches only the former name of a type", async () => {
    const catalogue = {
      "loan.begun": { renamedFrom: ["book.lent"] },
      "loan.ended": { renamedFrom: ["book.returned"] },
      "shelf.moved": {},
    };
    const log = await started(await stored(), catalogue, "book.*");
    const message = "table/books maps book.*, which neither the catalogue nor the log has";
    await eventually(() => expect(mappedBy(log, "warn")).toContain(message));
  });

  it("may be a pattern, and is named by nobody while the log is empty", async () => {
    const adapter = await stored();
    const log = await started(adapter, { "book.lent": {}, "book.returned": {}, "shelf.moved": {} }, "member.*");
    await eventually(() =>
      expect(mappedBy(log, "warn")).toContain("table/books maps member.*, which neither the catalogue nor the log has"),
    );
    const empty = await started("memory:", { "book.lent": {} }, "member.*");
    expect(mappedBy(empty, "warn")).toEqual([]);
  });
});
