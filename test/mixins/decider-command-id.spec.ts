import { Decider, EventStore, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import { Errors, type Context, type ServiceBroker } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { named } from "../support/command-of.ts";
import { accountService } from "./decider-account.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const adapters = { memory: () => "memory:", sqlite: () => `sqlite:${newFolder()}/events.db` };

const send = (broker: ServiceBroker, command: string, params: object, commandId: unknown): Promise<StoredAnswer> =>
  broker.call<StoredAnswer, object>(`account.${command}`, params, { headers: { commandId } });

describe.each(Object.entries(adapters))("A command with an id, on %s,", (_engine, adapter) => {
  it("stores once, and answers as the first time, however often it is sent", async () => {
    const broker = await startBroker([accountService(adapter())]);
    const first = await send(broker, "move", { id: "1", amounts: [1, 2] }, "c");
    await send(broker, "deposit", { id: "1", amount: 3 }, "d");
    const again = await Promise.all(
      Array.from({ length: 10 }, () => send(broker, "move", { amounts: [1, 2], id: "1" }, "c")),
    );
    expect(again).toEqual(again.map(() => ({ ...first, repeated: true })));
    expect(first).toMatchObject({ stream: "account-1", repeated: false });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 6 }, version: 3 });
  });

  it("is answered as before where decide would refuse it now", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 5 });
    const first = await send(broker, "withdraw", { id: "1", amount: 5 }, "c");
    expect(await send(broker, "withdraw", { id: "1", amount: 5 }, "c")).toEqual({ ...first, repeated: true });
    expect(await refusal(() => send(broker, "withdraw", { id: "1", amount: 5 }, "d"))).toMatchObject({
      type: "INSUFFICIENT_FUNDS",
    });
  });

  it("returns its first result even if it would decide no events now", async () => {
    const broker = await startBroker([accountService(adapter())]);
    const first = await send(broker, "open", { id: "1", owner: "Ann" }, "c");
    expect(first.events).toHaveLength(1);
    expect(await send(broker, "open", { id: "1", owner: "Ann" }, "c")).toEqual({ ...first, repeated: true });
    expect(await send(broker, "open", { id: "1", owner: "Ann" }, "d")).toMatchObject({
      events: [],
      version: 1,
      repeated: false,
    });
  });

  it("returns its first result even if its events could not be stored now", async () => {
    const events = EventStore("events", { adapter: adapter(), maxEventBytes: 2000 });
    const decider = Decider("list", {
      eventStore: events,
      initialState: () => ({ text: "" }),
      commands: { grow: { decide: ({ text }) => ({ type: "list.grew", payload: { text: `${text}x`.repeat(1000) } }) } },
      evolve: { "list.grew": (_, { payload }) => ({ text: payload["text"] as string }) },
    });
    const broker = await startBroker([{ name: "list", mixins: [events.mixin(), decider.mixin()] }]);
    const grow = (commandId: string) =>
      broker.call<StoredAnswer, object>("list.grow", { id: "1" }, { headers: { commandId } });
    const first = await grow("c");
    expect(await refusal(() => grow("d"))).toMatchObject({ type: "EVENT_TOO_LARGE" });
    expect(await grow("c")).toEqual({ ...first, repeated: true });
  });

  it("is refused with other params, also where decide would refuse them, and stores nothing", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 5 });
    await send(broker, "withdraw", { id: "1", amount: 5 }, "c");
    for (const amount of [1, 500])
      expect(await refusal(() => send(broker, "withdraw", { id: "1", amount }, "c"))).toMatchObject({
        name: "CommandIdReusedError",
        type: "COMMAND_ID_REUSED",
        code: 409,
        data: { commandId: "c", command: "account.withdraw" },
      });
    await send(broker, "move", { id: "1", amounts: [1] }, "m");
    for (const amounts of [[1, 1], [2], [1, 2, 3]])
      expect(await refusal(() => send(broker, "move", { id: "1", amounts }, "m"))).toMatchObject({
        type: "COMMAND_ID_REUSED",
      });
    expect(await broker.call("events.count")).toBe(3);
  });

  it("is another command for another entity, and under another name", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await send(broker, "deposit", { id: "1", amount: 5 }, "c");
    await send(broker, "deposit", { id: "2", amount: 6 }, "c");
    await send(broker, "withdraw", { id: "1", amount: 5 }, "c");
    expect(await broker.call("events.count")).toBe(3);
  });

  it("stores once where it meets a conflict, and where it is sent again after that", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 5 });
    await broker.call("events.append", {
      stream: "account-1",
      events: [{ type: "account.deposited", payload: { amount: 1 } }],
    });
    const first = await send(broker, "withdraw", { id: "1", amount: 5 }, "c");
    expect(first).toMatchObject({ version: 3, events: [{ version: 3 }] });
    expect(await send(broker, "withdraw", { id: "1", amount: 5 }, "c")).toEqual({ ...first, repeated: true });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 1 } });
  });

  it("is known again after a restart", async () => {
    const folder = newFolder();
    const one = await startBroker([accountService(`sqlite:${folder}/events.db`)]);
    const first = await send(one, "deposit", { id: "1", amount: 5 }, "c");
    await one.stop();
    const two = await startBroker([accountService(`sqlite:${folder}/events.db`)]);
    expect(await send(two, "deposit", { id: "1", amount: 5 }, "c")).toEqual({ ...first, repeated: true });
    expect(await two.call("events.count")).toBe(1);
  });
});

describe("A command's id", () => {
  it.each([[""], [NaN], [{}], ["x".repeat(256)], ["\ud800"]])("is refused where it is %p", async (commandId) => {
    const broker = await startBroker([accountService("memory:")]);
    expect(await refusal(() => send(broker, "deposit", { id: "1", amount: 5 }, commandId))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "headers.commandId" }],
    });
    expect(await broker.call("events.count")).toBe(0);
  });

  it("may have 255 characters, whatever the id of the entity", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const long = '"'.repeat(255);
    const answers = [1, 2].map(() => send(broker, "deposit", { id: "😀".repeat(240), amount: 5 }, long));
    expect((await Promise.all(answers)).map(({ version }) => version)).toEqual([1, 1]);
  });

  it("is in the meta of the events, with a hash of the params", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const { events } = await send(broker, "deposit", { id: "1", amount: 5 }, "c");
    expect(events[0]!.meta["$command"]).toEqual({
      id: "c",
      name: "account.deposit",
      hash: expect.stringMatching(/^1:[0-9a-f]{64}$/) as string,
    });
  });

  it("does not go on to the calls that decide makes, and stays in the caller's own options", async () => {
    const seen: object[] = [];
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        look: {
          async decide(_state, _command, ctx) {
            await ctx.call("other.look");
            return { type: "thing.seen" };
          },
        },
      },
      evolve: { "thing.seen": (state) => state + 1 },
    });
    const broker = await startBroker([
      { name: "thing", mixins: [events.mixin(), decider.mixin()] },
      { name: "other", actions: { look: (ctx: Context) => void seen.push({ ...ctx.headers }) } },
    ]);
    const options = named("c");
    await broker.call("thing.look", { id: "1" }, options);
    await broker.call("thing.look", { id: "1" }, options);
    expect(seen).toEqual([{}, {}]);
    expect(options).toMatchObject(named("c"));
    expect(await broker.call("events.count")).toBe(1);
  });

  it("covers the params as they were sent: what a hook adds may be another each time", async () => {
    let ordinal = 0;
    const service = accountService(
      "memory:",
      {},
      {
        hooks: {
          before: { deposit: (ctx: Context<Record<string, unknown>>) => void (ctx.params["nonce"] = ++ordinal) },
        },
      },
    );
    const broker = await startBroker([service]);
    const first = await send(broker, "deposit", { id: "1", amount: 5 }, "c");
    expect(await send(broker, "deposit", { id: "1", amount: 5 }, "c")).toEqual({ ...first, repeated: true });
    expect(ordinal).toBe(2);
  });

  it("is not needed to store once where a middleware sends the append again, its first answer lost", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    let decisions = 0;
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        add: {
          decide: () => {
            decisions++;
            return { type: "thing.added" };
          },
        },
      },
      evolve: { "thing.added": (state) => state + 1 },
    });
    let losses = 1;
    const losing = {
      localAction: (next: (ctx: Context) => Promise<unknown>, { name }: { name: string }) =>
        name !== "$events.append"
          ? next
          : async (ctx: Context) => {
              const answer = await next(ctx);
              return losses-- > 0 ? next(ctx) : answer;
            },
    };
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }], {
      middlewares: [losing as object],
    });
    expect(await broker.call("thing.add", { id: "1" })).toMatchObject({ version: 1, position: 1 });
    const stored: RecordedEvent[] = await eventsIn(broker.call("events.read"));
    expect(stored).toHaveLength(1);
    expect(decisions).toBe(1);
  });

  it("is sent again by Moleculer's own retries, and stored once", async () => {
    let losses = 1;
    const losing = {
      localAction: (next: (ctx: Context) => Promise<unknown>, action: { name: string }) =>
        action.name !== "$events.append"
          ? next
          : async (ctx: Context) => {
              const answer = await next(ctx);
              if (losses-- > 0) throw new Errors.RequestTimeoutError({ action: action.name, nodeID: "x" });
              return answer;
            },
    };
    const once = { retryPolicy: { enabled: true, retries: 1, delay: 1 } };
    const service = accountService("memory:", {}, { actions: { deposit: once } });
    const broker = await startBroker([service], { middlewares: [losing as object] });
    await send(broker, "deposit", { id: "1", amount: 5 }, "c");
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 5 }, version: 1 });
  });

  it("may come with a meta that cannot be changed", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const meta = Object.freeze({ user: "Ann" });
    expect(await broker.call("account.deposit", { id: "1", amount: 5 }, { meta })).toMatchObject({ version: 1 });
  });
});
