import { Decider, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

/** A command, a mapped action, a mapped event, and `relay`, an action of a user that calls another with any meta. */
function services(events = EventStore("events", { adapter: "memory:" })): ServiceSchema[] {
  const note = Decider("note", {
    eventStore: events,
    initialState: () => 0,
    commands: { write: { decide: () => ({ type: "note.written" }) } },
    evolve: { "note.written": (count) => count + 1 },
  });
  return [
    { name: "note", mixins: [note.mixin()] },
    {
      name: "book",
      mixins: [events.mixin()],
      actions: { write: events.mapAction("book.written", { params: { id: "string" } }) },
      events: { "book.sent": events.mapEvent("book.written", { params: { id: "string" } }) },
    },
  ];
}

const relay: ServiceSchema = {
  name: "relay",
  actions: {
    go: (ctx: Context<{ to: string; meta: object }>) => ctx.call(ctx.params.to, { id: "1" }, { meta: ctx.params.meta }),
  },
};

const body = { stream: "a-1", events: [{ type: "a.done", payload: {} }] };
const actions: [string, object][] = [
  ["note.write", { id: "1" }],
  ["book.write", { id: "1" }],
  ["events.append", body],
  ["events.count", {}],
];

const depths = async (broker: ServiceBroker, type: string) => {
  const found = await eventsIn<RecordedEvent>(broker.call("events.read", { types: [type] }));
  return found.map(({ meta }) => meta.$causationDepth ?? 0);
};

describe("A depth of causes in the meta of a call", () => {
  const refused = { type: "VALIDATION_ERROR", data: [{ field: "meta.$causationDepth" }] };

  it.each(actions)("is refused from a caller of %s", async (action, params) => {
    const broker = await startBroker(services());
    for (const $causationDepth of [99_999, 0, -1, "1", null])
      expect(await refusal(() => broker.call(action, params, { meta: { $causationDepth } }))).toMatchObject(refused);
    expect(await broker.call("events.count")).toBe(0);
  });

  it("is refused from an action that did not inherit it", async () => {
    const broker = await startBroker([...services(), relay]);
    for (const to of ["note.write", "book.write"])
      for (const $causationDepth of [5, 0])
        expect(await refusal(() => broker.call("relay.go", { to, meta: { $causationDepth } }))).toMatchObject(refused);
    expect(await broker.call("events.count")).toBe(0);
  });

  it("is refused with an event that is mapped, which is not stored", async () => {
    const failed: unknown[] = [];
    const listener = { name: "ear", events: { "book.written.failed": (ctx: Context) => void failed.push(ctx.params) } };
    const broker = await startBroker([...services(), listener]);
    await broker.emit("book.sent", { id: "1" }, { meta: { $causationDepth: 99_999 } });
    await eventually(() => expect(failed).toMatchObject([{ error: refused }]));
    expect(await broker.call("events.count")).toBe(0);
  });
});

describe("The depth of causes of an event", () => {
  it("is kept where a handler passes its meta on", async () => {
    const passing: ServiceSchema = {
      name: "passing",
      actions: {
        go(ctx: Context<{ to: string }>) {
          return this.broker.call(ctx.params.to, { id: "1" }, { meta: ctx.meta });
        },
      },
    };
    const events = EventStore("events", { adapter: "memory:" });
    const manager = ProcessManager("manager", {
      eventStore: events,
      on: { "a.done": (_event, { call }) => call("passing.go", { to: "note.write" }) },
    });
    const broker = await startBroker([...services(events), passing, { name: "m", mixins: [manager.mixin()] }]);
    await broker.call("events.append", body);
    await eventually(async () => expect(await depths(broker, "note.written")).toEqual([1]));
  });

  it("is inherited through a user's action on another node, and a handler cannot lower it", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const nodes = { transporter: "Fake", namespace: "depth" } as const;
    const refusals: unknown[] = [];
    const manager = ProcessManager("manager", {
      eventStore: events,
      on: {
        "a.done": async (_event, { call }) => {
          for (const to of ["note.write", "book.write"]) await call("relay.go", { to, meta: {} });
          const forged = call("note.write", { id: "2" }, { meta: { $causationDepth: 0 } });
          await forged.catch((error: unknown) => refusals.push(error));
        },
      },
    });
    await startBroker([relay], { ...nodes, nodeID: "relays" });
    const broker = await startBroker([...services(events), { name: "m", mixins: [manager.mixin()] }], {
      ...nodes,
      nodeID: "store",
    });
    await broker.waitForServices("relay");
    await broker.call("events.append", body);
    await eventually(async () => expect(await depths(broker, "note.written")).toEqual([1, 1]));
    expect(await depths(broker, "book.written")).toEqual([1]);
    expect(refusals).toEqual([]);
  });

  it("is that of the event for a command which a subscription names as its handler", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const watch = Subscription("watch", {
      eventStore: events,
      on: { "book.written": "counter.add" },
    });
    const add = events.mapAction("counter.added", { params: { $$strict: false }, stream: "counter" });
    const counter = { name: "counter", mixins: [watch.mixin()], actions: { add } };
    const broker = await startBroker([...services(events), counter]);
    await broker.call("book.write", { id: "1" });
    await eventually(async () => expect(await depths(broker, "counter.added")).toEqual([1]));
  });
});
