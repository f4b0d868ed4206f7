import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, Decider, EventStore, type ParkedEvent } from "moleculer-event-sourcing";
import { everyKind } from "../hostile/every-kind.ts";
import { caughtUp, cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

/** Actions that store nothing, on any service. */
const reading = [
  "at building built claimants count draft dryRun find get history processes list loadStream page parked positionAt",
  "parkedHere proveSnapshot read resolve snapshots snapshotsHere state states status streams trace verify whatIf",
]
  .join(" ")
  .split(" ");

/** A token of a fold. Whether its fold still runs does not matter for an action that would store. */
const inFold = (broker: ServiceBroker) => ({
  ...spoken,
  meta: { $fold: { table: "accounts", node: broker.nodeID, id: 1 } },
});

describe("An action that is called in a fold", () => {
  it("is refused, whatever its params, unless it stores nothing", async () => {
    const broker = await startBroker(everyKind({ log: "memory:", table: "memory:" }));
    const actions = broker.registry.actions
      .list({ onlyLocal: true })
      .map(({ name }: { name: string }) => name)
      .filter((name: string) => !/^(teller|\$node)\./.test(name));
    expect(actions.length).toBeGreaterThan(50);
    const stored: string[] = [];
    for (const action of actions) {
      const answer = await broker.call(action, {}, inFold(broker)).catch((error: unknown) => error);
      if ((answer as { type?: unknown } | null)?.type !== "WRITE_IN_FOLD") stored.push(action.split(".")[1]!);
    }
    expect([...new Set(stored)].toSorted()).toEqual(reading.toSorted());
  });

  it.each<[string, unknown]>([
    ["a text", "x"],
    ["an empty object", {}],
    ["a token without a node", { table: "accounts", id: 1 }],
  ])("is refused with what no transform has sent as its token: %s", async (_, $fold) => {
    const broker = await startBroker(everyKind({ log: "memory:", table: "memory:" }));
    for (const action of ["events.append", "events.read", "thing.touch"])
      expect(await refusal(() => broker.call(action, {}, { meta: { $fold } }))).toMatchObject({
        type: "VALIDATION_ERROR",
        code: 422,
        data: [{ field: "meta.$fold", expected: "none, or the token {table, node, id} of a transform's own call" }],
      });
  });

  it("says which one and in whose transform", async () => {
    const broker = await startBroker(everyKind({ log: "memory:", table: "memory:" }));
    expect(await refusal(() => broker.call("thing.touch", {}, inFold(broker)))).toMatchObject({
      name: "WriteInFoldError",
      code: 409,
      retryable: false,
      message: expect.stringContaining("thing.touch: found a call by a transform of accounts, expected none") as string,
      data: { table: "accounts", action: "thing.touch" },
    });
  });
});

describe.each(["memory:", "sqlite:"])("A transform that stores, of a table on %s,", (engine) => {
  const services = (): ServiceSchema[] => {
    const at = (name: string) => (engine === "memory:" ? engine : `sqlite:${newFolder()}/${name}.db`);
    const events = EventStore("events", { adapter: at("events") });
    const note = Decider("note", {
      eventStore: events,
      initialState: () => ({ count: 0 }),
      commands: { write: { decide: () => ({ type: "note.written" }) } },
      evolve: { "note.written": ({ count }) => ({ count: count + 1 }) },
    });
    const table = Aggregate("table", { eventStore: events, adapter: at("table"), fields: { n: "integer" }, onError })
      .on("thing.appended")
      .create("writer.append")
      .on("thing.mapped")
      .create("writer.map")
      .on("thing.commanded")
      .create("writer.command")
      .on("thing.viewed")
      .create(async (event, { ctx }) => {
        await ctx.call("events.append", { stream: "b", events: [{ type: "b.happened", payload: {} }] });
        return { id: event.id, n: 1 };
      })
      .on("thing.tried")
      .create("writer.dryRun");
    return [
      { name: "note", mixins: [events.mixin(), note.mixin()] },
      {
        name: "writer",
        mixins: [events.mixin(), table.mixin()],
        actions: {
          append: async (ctx: Context) => {
            await ctx.call("events.append", { stream: "b", events: [{ type: "b.happened", payload: {} }] });
            return { n: 1 };
          },
          map: events.mapAction("b.happened", { stream: "b" }),
          command: async (ctx: Context) => {
            await ctx.call("note.write", { id: "1" });
            return { n: 1 };
          },
          dryRun: async (ctx: Context) => {
            const { version } = await ctx.call<{ version: number }, object>("note.dryRun", {
              command: "write",
              params: { id: "1" },
            });
            return { n: version };
          },
        },
      },
    ];
  };
  const onError = { retries: 0, delayMs: 1 };
  const types = ["thing.appended", "thing.mapped", "thing.commanded", "thing.viewed"];
  const log = (broker: ServiceBroker): Promise<{ type: string }[]> => eventsIn(broker.call("events.read"));

  it.each(types)("parks its event in the live fold and stores nothing: %s", async (type) => {
    const broker = await startBroker(services());
    await broker.call("events.append", { stream: "a", events: [{ type, payload: {} }] });
    await caughtUp(broker, "table");
    const parked: ParkedEvent[] = await eventsIn(broker.call("table.parked"));
    expect(parked).toMatchObject([{ type, error: { type: "WRITE_IN_FOLD" } }]);
    expect((await log(broker)).map((event) => event.type)).toEqual([type]);
  });

  it("stores nothing in a look at the past, at a history that never was, or in a verification", async () => {
    const broker = await startBroker(services());
    const events = types.map((type) => ({ type, payload: {} }));
    await broker.call("events.append", { stream: "a", events });
    await caughtUp(broker, "table");
    const before = await log(broker);
    await broker.call("table.at", { position: 3 });
    const { parked } = await broker.call<{ parked: ParkedEvent[] }, object>("table.whatIf", {
      inject: events.map((event, index) => ({ ...event, stream: `other-${index}` })),
    });
    expect(parked.filter(({ error }) => error?.type === "WRITE_IN_FOLD").length).toBeGreaterThanOrEqual(types.length);
    await broker.call("table.verify");
    expect(await log(broker)).toEqual(before);
  });

  it("may try a command", async () => {
    const broker = await startBroker(services());
    await broker.call("events.append", { stream: "a", events: [{ type: "thing.tried", payload: {} }] });
    await caughtUp(broker, "table");
    expect(await broker.call("table.find")).toMatchObject([{ n: 1 }]);
    expect(await log(broker)).toHaveLength(1);
  });
});
