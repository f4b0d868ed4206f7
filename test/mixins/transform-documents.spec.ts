import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const count = 2500;
/** More than one call may contain, in documents that one call would populate. */
const referencesOf = (n: number) => (n < 3 ? Array.from({ length: 4000 }, (_, m) => `${n} of ${m}`) : ["1"]);

async function brokerWithRows(): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: "memory:" });
  const table = Aggregate("table", {
    eventStore: events,
    adapter: "memory:",
    fields: { next: "string", many: "array", source: "object" },
    populates: { next: "table.resolve", others: { field: "many", action: "table.resolve" } },
  })
    .on("thing.created")
    .create(({ id, payload }) => ({ id, ...payload }));
  const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
  const created = (n: number) => ({
    type: "thing.created",
    payload: { id: `${n}`, next: `${(n + 1) % count}`, many: referencesOf(n), source: { a: n, b: { c: n } } },
  });
  const all = Array.from({ length: count }, (_, n) => created(n));
  for (let from = 0; from < count; from += 1000)
    await broker.call("events.append", { stream: "thing-1", events: all.slice(from, from + 1000) });
  await caughtUp(broker, "table");
  return broker;
}

/** The number of turns of the event loop while the work runs. */
async function turnsDuring<Answer>(work: () => Promise<Answer>): Promise<{ answer: Answer; turns: number }> {
  let turns = 0;
  let isOver = false;
  const next = () => {
    turns++;
    if (!isOver) setImmediate(next);
  };
  setImmediate(next);
  try {
    return { answer: await work(), turns };
  } finally {
    isOver = true;
  }
}

const names = Array.from({ length: 197 }, (_, n) => `source.${"none.".repeat(20)}${n}`);
const numbers = Array.from({ length: count }, (_, n) => n);

describe("The documents of a large answer", () => {
  it.each<[string, object, (n: number) => object]>([
    ["picked", { fields: ["source.b.c", ...names] }, (n) => ({ source: { b: { c: n } } })],
    ["omitted", { excludeFields: ["source.b", "next", "many", ...names] }, (n) => ({ id: `${n}`, source: { a: n } })],
  ])("leave the event loop its turns while many fields are %s", async (_, params, expected) => {
    const broker = await brokerWithRows();
    const ids = numbers.map(String);
    const { answer, turns } = await turnsDuring(() => broker.call("table.get", { id: ids, ...params }));
    expect(answer).toEqual(numbers.map(expected));
    expect(turns).toBeGreaterThan(10);
  });

  it("are populated by as many calls as their references need", async () => {
    const broker = await brokerWithRows();
    const answer = await broker.call("table.get", {
      id: ["0", "1", "2", "3"],
      populate: "others",
      fields: ["others"],
    });
    expect(answer).toMatchObject([{}, {}, {}, { others: [{ id: "1" }] }]);
  });

  it("are populated, each with its own", async () => {
    const broker = await brokerWithRows();
    const id = numbers.map(String);
    const answer = await broker.call("table.get", { id, populate: "next", fields: ["id", "next.id"] });
    expect(answer).toEqual(numbers.map((n) => ({ id: `${n}`, next: { id: `${(n + 1) % count}` } })));
  });
});
