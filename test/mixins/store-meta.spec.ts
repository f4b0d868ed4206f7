import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { Errors, type Context, type ServiceBroker } from "moleculer";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

type Meta = { user?: string };

function definitions(meta: (ctx: Context<unknown, Meta>) => Record<string, unknown> | null | undefined) {
  const events = EventStore("shop", { adapter: "memory:", meta });
  const orders = Decider("order", {
    eventStore: events,
    initialState: () => ({ by: [] as unknown[] }),
    commands: {
      place: { decide: () => ({ type: "order.placed", payload: {}, meta: { via: "shop" } }) },
      sign: { decide: () => ({ type: "order.placed", payload: {}, meta: { by: "the order" } }) },
    },
    evolve: { "order.placed": ({ by }, event) => ({ by: [...by, event.meta["by"]] }) },
  });
  const villas = {
    name: "villas",
    mixins: [events.mixin(), orders.mixin()],
    actions: {
      open: events.mapAction("villa.opened", { params: { id: "string" }, meta: { via: "villas" } }),
      import: (ctx: Context) => ctx.call("shop.append", { stream: "villa-9", events: [{ type: "a", payload: {} }] }),
    },
    events: { "villa.found": events.mapEvent("villa.found", { stream: "villa-3" }) },
  };
  return { events, orders, villas };
}

const start = async (meta: (ctx: Context<unknown, Meta>) => Record<string, unknown> | null | undefined) =>
  startBroker([definitions(meta).villas]);

const stored = (broker: ServiceBroker) => eventsIn(broker.call<{ events: RecordedEvent[] }>("shop.read"));
const ann = { meta: { user: "Ann" } };

/** As an author writes it who forgets callers without a user. */
const byUser = ({ meta }: Context<unknown, Meta>) => ({ by: meta.user!.toUpperCase() });

describe("The option meta of a store", () => {
  it("says who did it, for mapped actions and events, commands and appends", async () => {
    const broker = await start(({ meta }) => ({ by: meta.user }));
    await broker.call("villas.open", { id: "1" }, ann);
    await broker.call("villas.import", {}, ann);
    await broker.call("shop.append", { stream: "villa-2", events: [{ type: "a", payload: {} }] }, ann);
    await broker.call("villas.place", { id: "1" }, ann);
    await broker.emit("villa.found", {}, ann);
    const found = await stored(broker);
    expect(found.map(({ meta }) => meta["by"])).toEqual(["Ann", "Ann", "Ann", "Ann", "Ann"]);
    expect(found.map(({ meta }) => meta["via"])).toEqual(["villas", undefined, undefined, "shop", undefined]);
    expect(found.every(({ meta }) => typeof meta.correlationId === "string")).toBe(true);
  });

  it("gives way to the meta of the event", async () => {
    const broker = await start(() => ({ by: "the store", via: "the store" }));
    await broker.call("villas.open", { id: "1" });
    await broker.call("villas.sign", { id: "1" });
    expect((await stored(broker)).map(({ meta: { by, via } }) => ({ by, via }))).toEqual([
      { by: "the store", via: "villas" },
      { by: "the order", via: "the store" },
    ]);
  });

  it("is in the events of a dry run", async () => {
    const broker = await start(byUser);
    const dry: { events: RecordedEvent[] } = await broker.call(
      "villas.dryRun",
      { command: "place", params: { id: "1" } },
      ann,
    );
    expect(dry.events[0]!.meta).toMatchObject({ by: "ANN", via: "shop" });
    expect(await stored(broker)).toEqual([]);
  });

  it.each<[string, (ctx: Context<unknown, Meta>) => never, RegExp]>([
    ["throws", byUser as never, /shop\.meta\(ctx\): found an error: TypeError.*, expected an object of JSON values/],
    ["returns a text", (() => "Ann") as never, /found "Ann", expected an object/],
    ["returns a list", (() => ["Ann"]) as never, /expected an object/],
    ["returns a Promise", (() => Promise.reject(new Error("late"))) as never, /the function is synchronous/],
    ["returns no JSON", (() => ({ by: () => {} })) as never, /shop\.meta\(ctx\)\.by: found function/],
    ["returns a name of the framework", (() => ({ $command: {} })) as never, /\$command.*reserved/],
    ["returns another one", (() => ({ causationDepth: 1 })) as never, /causationDepth/],
    ["returns an id of the call", (() => ({ correlationId: "1" })) as never, /correlationId.*it belongs to a call/],
    ["returns a schema version", (() => ({ schemaVersion: 2 })) as never, /schemaVersion.*it belongs to a call/],
  ])("stores nothing if it %s: an error of the author", async (_, meta, message) => {
    const broker = await start(meta);
    const append = { stream: "villa-2", events: [{ type: "a", payload: {} }] };
    for (const [action, params] of [
      ["villas.open", { id: "1" }],
      ["villas.place", { id: "1" }],
      ["shop.append", append],
    ] as const) {
      const error = await refusal(() => broker.call(action, params));
      expect(error).toMatchObject({ type: "DEFINITION", code: 500, retryable: false });
      expect(error.message).toMatch(message);
    }
    expect(await stored(broker)).toEqual([]);
  });

  it("is asked once for what is repeated: the first result stays, even if it fails now", async () => {
    const broker = await start(byUser);
    const id = "01890a5d-ac96-774b-bcce-b302099a8057";
    const calls = [
      ["villas.open", { id: "1" }],
      ["villas.place", { id: "1" }],
      ["shop.append", { stream: "villa-2", events: [{ type: "a", payload: {} }] }],
    ] as const;
    const named = (commandId: string, meta: object) => ({ meta: { ...meta }, headers: { commandId } });
    for (const [action, params] of calls) {
      const first: { events: object[] } = await broker.call(action, params, named("one", ann.meta));
      for (const meta of [{}, { user: "Ben" }])
        expect(await broker.call(action, params, named("one", meta))).toEqual({ ...first, repeated: true });
      expect(await refusal(() => broker.call(action, params, named("two", {})))).toMatchObject({ type: "DEFINITION" });
    }
    const known = { stream: "villa-3", events: [{ id, type: "a", payload: {} }] };
    const first: object = await broker.call("shop.append", known, ann);
    expect(await broker.call("shop.append", known)).toEqual({ ...first, repeated: true });
    expect((await stored(broker)).map(({ meta }) => meta["by"])).toEqual(["ANN", "ANN", "ANN", "ANN"]);
  });

  it("is checked at the definition, and is the same in all definitions of the store", async () => {
    const adapter = memory();
    const define = (meta: unknown) => EventStore("shop", { adapter, meta: meta as never });
    for (const meta of [{ by: "Ann" }, async () => ({})])
      expect(await refusal(() => define(meta))).toMatchObject({ type: "DEFINITION" });
    const one = define(() => ({ by: "one" }));
    const broker = await startBroker([
      { name: "reader", mixins: [EventStore("shop", { adapter }).mixin()] },
      { name: "writer", mixins: [one.mixin()], actions: { open: one.mapAction("villa.opened", { stream: "new" }) } },
    ]);
    await broker.call("writer.open");
    expect((await stored(broker))[0]!.meta["by"]).toBe("one");
    const other = { name: "other", mixins: [define(() => ({ by: "two" })).mixin()] };
    const error = await refusal(() => broker.createService(other));
    expect(error).toBeInstanceOf(Errors.MoleculerError);
    expect(error).toMatchObject({ type: "NAME_TAKEN" });
  });
});
