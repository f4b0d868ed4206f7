import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { cleanUp, newFolder, startBroker } from "./broker.ts";
import { eventsIn } from "./pages.ts";

/** The places of a log and, if it is elsewhere, of a table. */
export type PlacesOf = (folder: string) => { log: string; table?: string };

/** Cases in which engines might differ: a service must return the same on each. */
export function giveTheSameAnswers(placesOf: PlacesOf): void {
  afterEach(cleanUp);

  const longest = (name: string) => name.padEnd(100, ".x");
  const emoji = "😀".repeat(255);

  async function start() {
    const { log, table } = placesOf(newFolder());
    const events = EventStore(longest("store"), { adapter: log });
    const rows = Aggregate(longest("table"), {
      eventStore: events,
      ...(table !== undefined && { adapter: table }),
      fields: { n: "integer", text: { type: "string", index: true } },
    })
      .on("thing.happened")
      .create(({ id }) => ({ id, n: 1 }))
      .on("thing.*")
      .createMany(async ({ id }, { get, find }) => [{ n: (await get(id))?.n ?? 0 }, { n: (await find()).length }])
      .on(emoji)
      .create(({ payload }) => ({ id: String(payload["id"]), text: String(payload["text"]) }));
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), rows.mixin()] }]);
    return { broker, append: (type: string, payload: object) => append(broker, events.name, type, payload), rows };
  }

  async function append(broker: ServiceBroker, store: string, type: string, payload: object) {
    const params = { stream: "😀".repeat(255), events: [{ type, payload }] };
    const { events } = await broker.call<{ events: RecordedEvent[] }, object>(`${store}.append`, params);
    const [event] = events;
    return { id: event!.id, meta: { readAfter: { [store]: event!.position } } };
  }

  it("to a second mapping of an event, which sees the rows of the first", async () => {
    const { broker, append, rows } = await start();
    const { id, meta } = await append("thing.happened", {});
    expect(await broker.call(`${rows.name}.find`, { sort: "id" }, { meta })).toEqual([
      { id, n: 1, text: null },
      { id: `${id}:2-0`, n: 1, text: null },
      { id: `${id}:2-1`, n: 1, text: null },
    ]);
  });

  it("to texts with NUL, and to streams and types of 255 emoji", async () => {
    const { broker, append, rows } = await start();
    const texts = ["a", "a\0", "a\0b", "a\u0001", "b"];
    for (const [id, text] of texts.entries()) await append(emoji, { id, text });
    const { meta } = await append(emoji, { id: "last", text: "z" });
    const found = async (params: object) =>
      (await broker.call<{ text: string }[], object>(`${rows.name}.find`, params, { meta })).map(({ text }) => text);
    expect(await found({ sort: "text" })).toEqual([...texts, "z"]);
    expect(await found({ query: { text: "a\0" } })).toEqual(["a\0"]);
    expect(await found({ query: { text: { $gt: "a", $lt: "a\u0001" } }, sort: "text" })).toEqual(["a\0", "a\0b"]);
    expect(await found({ query: { text: { $regex: "\\0" } }, sort: "text" })).toEqual(["a\0", "a\0b"]);
    const [store] = Object.keys(meta.readAfter);
    for (const params of [{ types: emoji }, { types: [`??${"😀".repeat(250)}*`] }, { category: emoji }])
      expect(await eventsIn(broker.call(`${store}.read`, params))).toHaveLength(6);
    expect(await eventsIn(broker.call(`${rows.name}.parked`))).toEqual([]);
  });
}
