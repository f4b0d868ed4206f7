import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  entityId,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { onDisk } from "../contract/nedb-port.ts";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

type Events = { "account.moved": { amount: number }; "account.closed": Record<string, never> };

const engines = {
  memory: () => "memory:",
  SQLite: () => `sqlite:${newFolder()}/table.db`,
  "an engine outside of the process": () => onDisk(newFolder()),
};

const move = (broker: ServiceBroker, stream: string, ...amounts: number[]) =>
  broker.call("events.append", {
    stream,
    events: amounts.map((amount) => ({ type: "account.moved", payload: { amount } })),
  });

describe.each(Object.entries(engines))("A transform's row, on %s,", (_, adapter) => {
  const newStore = () => EventStore<Events>("events", { adapter: "memory:" });
  const newTable = (events = newStore()) =>
    Aggregate("accounts", {
      eventStore: events,
      adapter: adapter(),
      fields: { balance: "integer", by: "string" },
      onError: { retries: 0 },
    });
  const rowsOf = (broker: ServiceBroker) => broker.call("accounts.find", { sort: "id" });

  it("is that of the event's entity after every earlier event, and null before the first", async () => {
    const befores: (number | null)[] = [];
    const table = newTable()
      .on("account.moved")
      .update(({ payload }, { row }) => {
        befores.push(row && row.balance);
        return { balance: (row?.balance ?? 0) + payload.amount };
      })
      .on("account.closed")
      .remove();
    const broker = await startBroker([{ name: "host", mixins: [table.mixin()] }]);
    await move(broker, "account-a", 5, 7);
    await move(broker, "account-b-1", 1);
    await move(broker, "account-a", -2);
    await move(broker, "account-c", 4);
    await broker.call("events.append", { stream: "account-c", events: [{ type: "account.closed", payload: {} }] });
    await caughtUp(broker, "accounts");
    expect(befores).toEqual([null, 5, null, 12, null]);
    expect(await rowsOf(broker)).toEqual([
      { id: "a", balance: 10, by: null },
      { id: "b-1", balance: 1, by: null },
    ]);
  });

  it("is the one that get returns, in an asynchronous transform and after another mapping, too", async () => {
    const table = newTable()
      .on("account.moved")
      .update(({ payload }) => ({ balance: payload.amount }))
      .on("account.moved")
      .update(async (_event, view) => {
        const { balance } = (await view.get(view.id)) ?? {};
        return { by: `${balance} ${view.row?.balance}` };
      });
    const broker = await startBroker([{ name: "host", mixins: [table.mixin()] }]);
    await move(broker, "account-a", 5, 7);
    await caughtUp(broker, "accounts");
    expect(await rowsOf(broker)).toEqual([{ id: "a", balance: 7, by: "7 7" }]);
  });

  it("is loaded even if the transform catches every error", async () => {
    const table = newTable()
      .on("account.moved")
      .update(({ payload }, view) => {
        try {
          return { balance: (view.row?.balance ?? 0) + payload.amount };
        } catch {
          return { balance: -1 };
        }
      });
    const broker = await startBroker([{ name: "host", mixins: [table.mixin()] }]);
    await move(broker, "account-a", 5, 7);
    await caughtUp(broker, "accounts");
    expect(await rowsOf(broker)).toMatchObject([{ id: "a", balance: 12 }]);
  });

  it("does not exist for an event of a stream without an entity, which is parked", async () => {
    const table = newTable()
      .on("account.moved")
      .update((_, { row }) => ({ id: "all", balance: row ? 1 : 0 }));
    const broker = await startBroker([{ name: "host", mixins: [table.mixin()] }]);
    await move(broker, "accounts", 5);
    await caughtUp(broker, "accounts");
    expect(await broker.call("accounts.parked")).toMatchObject({
      events: [{ error: { message: expect.stringContaining('the event\'s stream: found "accounts"') as string } }],
    });
  });
});

describe("The id of an entity", () => {
  it("reaches handlers of a subscription, correlate by default, and actions by entityId", async () => {
    const events = EventStore<Events>("events", { adapter: "memory:" });
    const seen: string[] = [];
    const watch = Subscription("watch", {
      eventStore: events,
      on: { "account.moved": (_, { id }) => void seen.push(`function ${id}`), "account.*": "desk.handle" },
    });
    const byEntity = ProcessManager("byEntity", { eventStore: events, on: { "account.moved": () => {} } });
    const byPart = ProcessManager("byPart", {
      eventStore: events,
      correlate: (_, { id }) => id.split("/")[0],
      on: { "account.moved": () => {} },
    });
    const broker = await startBroker([
      {
        name: "desk",
        mixins: [watch.mixin(), byEntity.mixin(), byPart.mixin()],
        actions: { handle: (ctx: Context<RecordedEvent>) => void seen.push(`action ${entityId(ctx.params.stream)}`) },
      },
    ]);
    await move(broker, "account-ann/1-x", 5);
    await eventually(() => expect(seen.toSorted()).toEqual(["action ann/1-x", "function ann/1-x"]));
    for (const [name, id] of [
      ["byEntity", "ann/1-x"],
      ["byPart", "ann"],
    ] as const)
      await eventually(async () =>
        expect(await broker.call(`${name}.processes`)).toMatchObject({ processes: [{ id }] }),
      );
  });
});
