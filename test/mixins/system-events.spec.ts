import { Aggregate, EventStore, Subscription, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

describe.each(["sqlite", "memory"])("A system event [%s]", (engine) => {
  let broker: ServiceBroker;
  let heard: string[];
  let handled: string[];

  beforeEach(async () => {
    heard = [];
    handled = [];
    const adapter = engine === "memory" ? "memory:" : `sqlite:${newFolder()}/events.db`;
    const events = EventStore("events", {
      adapter,
      events: { "thing.started": { payload: { n: "number" } } },
      unknownTypes: "refuse",
    });
    const table = Aggregate("things", { eventStore: events, fields: { type: "string" } })
      .on("**")
      .create(({ id, type }) => ({ id, type }));
    const watch = Subscription("watch", {
      eventStore: events,
      startFrom: "origin",
      on: { "**": ({ type }: RecordedEvent) => void handled.push(type) },
    });
    const note = (ctx: Context) => void heard.push(ctx.eventName!);
    broker = await startBroker([
      {
        name: "thing",
        mixins: [events.mixin(), table.mixin(), watch.mixin()],
        events: { "*.started": note, "$snapshot.*": note, "$snapshot.started": note },
      },
    ]);
  });

  const record = (params: object = {}): Promise<StoredAnswer> =>
    broker.call(
      "$events.record",
      {
        stream: "$table-things",
        type: "$snapshot.started",
        payload: { snapshot: 1 },
        ...params,
      },
      spoken,
    );
  const append = (): Promise<StoredAnswer> =>
    broker.call("events.append", { stream: "thing-1", events: [{ type: "thing.started", payload: { n: 1 } }] });

  it("takes a position and is found and read like any other", async () => {
    await append();
    const { events, ...answer } = await record({ meta: { node: "a" } });
    expect(answer).toEqual({ stream: "$table-things", version: 1, position: 2, repeated: false });
    const recorded = { type: "$snapshot.started", payload: { snapshot: 1 }, meta: { node: "a" } };
    expect(events).toMatchObject([recorded]);
    expect(Object.keys(events[0]!.meta)).toEqual(["node", "correlationId", "causationId"]);
    expect(await eventsIn(broker.call("events.read", { after: 1 }))).toEqual(events);
    expect(await eventsIn(broker.call("events.read", { stream: "$table-things" }))).toEqual(events);
    expect(await broker.call("events.find", { query: { type: "$snapshot.started" } })).toEqual(events);
    expect(await broker.call("events.status")).toMatchObject({ head: 2 });
  });

  it("is stored once when it is recorded again with its id", async () => {
    const id = v7();
    const first = await record({ id });
    expect(await record({ id })).toEqual({ ...first, repeated: true });
    expect(await broker.call("events.count")).toBe(1);
    expect(await refusal(() => record({ id, payload: {} }))).toMatchObject({ type: "EVENT_ID_REUSED" });
  });

  it("is passed by the pump, by tables and by subscriptions, whatever they listen to", async () => {
    await record();
    await append();
    await record();
    await eventually(async () =>
      expect(await broker.call("events.status")).toMatchObject({ head: 3, pump: { position: 3 } }),
    );
    await caughtUp(broker, "things");
    await caughtUp(broker, "watch");
    // Moleculer's own events begin with `$`, too.
    expect(heard).toEqual(["$broker.started", "thing.started"]);
    expect(handled).toEqual(["thing.started"]);
    expect(await broker.call("things.find")).toMatchObject([{ type: "thing.started" }]);
  });

  it("is refused from callers of append, and other names are refused as system events", async () => {
    for (const [stream, type, field] of [
      ["$table-things", "thing.started", "stream"],
      ["thing-1", "$snapshot.started", "events.0.type"],
    ])
      expect(
        await refusal(() => broker.call("events.append", { stream, events: [{ type, payload: { n: 1 } }] })),
      ).toMatchObject({ type: "VALIDATION_ERROR", data: [{ field }] });
    expect(await refusal(() => record({ stream: "thing-1", type: "thing.started" }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [
        { field: "stream", actual: "thing-1", expected: 'a name that begins with "$"' },
        { field: "events.0.type", actual: "thing.started", expected: 'a name that begins with "$"' },
      ],
    });
    expect(await refusal(() => record({ tipe: 1 }))).toMatchObject({ type: "VALIDATION_ERROR" });
    expect(await broker.call("events.count")).toBe(0);
  });
});
