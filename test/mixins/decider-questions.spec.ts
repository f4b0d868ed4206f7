import {
  Decider,
  EventStore,
  type StoredAnswer,
  type DryRunAnswer,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { accountService } from "./decider-account.ts";

afterEach(cleanUp);

async function withHistory(): Promise<{ broker: ServiceBroker; events: RecordedEvent[] }> {
  const broker = await startBroker([accountService("memory:")]);
  const events: RecordedEvent[] = [];
  const send = async (command: string, params: object) => {
    const answer = await broker.call<StoredAnswer, object>(`account.${command}`, { id: "1", ...params });
    events.push(...answer.events);
    await new Promise((turn) => setTimeout(turn, 2));
  };
  await send("open", { owner: "Ann" });
  await send("deposit", { amount: 5 });
  await send("withdraw", { amount: 2 });
  return { broker, events };
}

describe("The state of an entity", () => {
  it("is answered as it is now, with version, position and time of its last event", async () => {
    const { broker, events } = await withHistory();
    const { version, position, time } = events[2]!;
    expect(await broker.call("account.state", { id: "1" })).toEqual({
      state: { isOpen: true, balance: 3 },
      version,
      position,
      time,
    });
  });

  it("is the initial one where it has no events", async () => {
    const { broker } = await withHistory();
    expect(await broker.call("account.state", { id: "none" })).toEqual({
      state: { isOpen: false, balance: 0 },
      version: 0,
      position: 0,
      time: null,
    });
  });

  it("is answered at any version and at any time", async () => {
    const { broker, events } = await withHistory();
    const balances = [0, 0, 5, 3];
    for (const [version, balance] of balances.entries())
      expect(await broker.call("account.state", { id: "1", version })).toMatchObject({ version, state: { balance } });
    for (const { version, time } of events)
      for (const moment of [time, time.replace("Z", "+00:00")])
        expect(await broker.call("account.state", { id: "1", time: moment })).toMatchObject({
          version,
          time,
          state: { balance: balances[version] },
        });
    expect(await broker.call("account.state", { id: "1", time: "2020-01-01" })).toMatchObject({ version: 0 });
    expect(await broker.call("account.state", { id: "1", time: "2999-01-01" })).toMatchObject({ version: 3 });
  });

  it.each([
    [{ version: 4 }, "version"],
    [{ version: -1 }, "version"],
    [{ version: 1.5 }, "version"],
    [{ time: "yesterday" }, "time"],
    [{ time: "2020-01-01", version: 1 }, "time"],
    [{ id: "" }, "id"],
    [{ id: {} }, "id"],
    [{ versoin: 1 }, "$$root"],
  ])("is refused for %j", async (params, field) => {
    const { broker } = await withHistory();
    const error = await refusal(() => broker.call("account.state", { id: "1", ...params }));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
    expect(error.data).toEqual(expect.arrayContaining([expect.objectContaining(field === "$$root" ? {} : { field })]));
  });
});

describe("The history of an entity", () => {
  it("is its events, page by page, in either direction", async () => {
    const { broker, events } = await withHistory();
    expect(await broker.call("account.history", { id: "1" })).toEqual({ events, version: 3, end: true });
    expect(await broker.call("account.history", { id: "1", afterVersion: 1, limit: 1 })).toEqual({
      events: [events[1]],
      version: 2,
      end: false,
    });
    expect(await broker.call("account.history", { id: "1", backward: true, limit: 2 })).toEqual({
      events: [events[2], events[1]],
      version: 2,
      end: false,
    });
    expect(await broker.call("account.history", { id: "1", backward: true, beforeVersion: 2 })).toEqual({
      events: [events[0]],
      version: 1,
      end: true,
    });
    expect(
      await refusal(() => broker.call("account.history", { id: "1", backward: true, afterVersion: 2 })),
    ).toMatchObject({ code: 422, message: expect.stringContaining("expected beforeVersion") as string });
    expect(await broker.call("account.history", { id: "none" })).toEqual({ events: [], version: 0, end: true });
  });
});

describe("A dry run", () => {
  const dryRun = (broker: ServiceBroker, command: string, params: object, meta = {}): Promise<DryRunAnswer> =>
    broker.call<DryRunAnswer, object>("account.dryRun", { command, params }, { meta });

  it("names the commands that there are", async () => {
    const broker = await startBroker([accountService("memory:")]);
    expect(await refusal(() => dryRun(broker, "depositt", { id: "1" }))).toMatchObject({
      code: 422,
      message: expect.stringMatching(/^command: found "depositt", expected one of .*\(did you mean deposit\?\)/),
    });
  });

  it("does not know a command whose action the service has removed", async () => {
    const service = accountService("memory:");
    const broker = await startBroker([{ ...service, actions: { ...service.actions, withdraw: false } }]);
    expect(await refusal(() => dryRun(broker, "withdraw", { id: "1", amount: 1 }))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field: "command", actual: "withdraw", expected: "one of open, deposit, move, close" }],
    });
  });

  it("answers what would happen, and stores nothing", async () => {
    const { broker } = await withHistory();
    const { events, ...after } = await dryRun(broker, "move", { id: "1", amounts: [1, 2] });
    expect(after).toEqual({ state: { isOpen: true, balance: 6 }, version: 5 });
    expect(events).toMatchObject([
      { type: "account.deposited", stream: "account-1", version: 4, position: 0, payload: { amount: 1 } },
      { type: "account.deposited", stream: "account-1", version: 5, position: 0, payload: { amount: 2 } },
    ]);
    expect(events[0]!.meta["$command"]).toMatchObject({ name: "account.move" });
    expect(await dryRun(broker, "open", { id: "1", owner: "Ann" })).toEqual({
      events: [],
      state: { isOpen: true, balance: 3 },
      version: 3,
    });
    expect(await broker.call("events.count")).toBe(3);
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ version: 3, state: { balance: 3 } });
  });

  it("is refused as the command would be: by its params, its rules, its name", async () => {
    const { broker } = await withHistory();
    expect(await refusal(() => dryRun(broker, "withdraw", { id: "1", amount: 50 }))).toMatchObject({
      type: "INSUFFICIENT_FUNDS",
    });
    expect(await refusal(() => dryRun(broker, "withdraw", { amount: 0 }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "id" }, { field: "amount" }],
    });
    expect(await refusal(() => dryRun(broker, "rob", { id: "1" }))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "command" }],
    });
  });

  it("passes hooks, and its own meta does not reach the calls of decide", async () => {
    const seen: object[] = [];
    const events = EventStore("events", {
      adapter: "memory:",
      events: { "thing.done": { payload: { n: "number" } } },
    });
    const thing = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        do: {
          visibility: "private",
          async decide(_state, command, ctx) {
            await ctx.call("other.look");
            return { type: "thing.done", payload: { n: command["n"] as number } };
          },
        },
      },
      evolve: { "thing.done": (state, { payload }) => state + payload.n },
      claims: { n: { claim: { "thing.done": ({ payload }) => payload.n } } },
    });
    let n: unknown = 5;
    const broker = await startBroker([
      {
        name: "thing",
        mixins: [events.mixin(), thing.mixin()],
        actions: { again: (ctx: Context<object>) => ctx.service!.actions["do"]!(ctx.params) },
        hooks: { before: { do: (ctx: Context<Record<string, unknown>>) => void (ctx.params["n"] = n) } },
      },
      { name: "other", actions: { look: (ctx: Context) => void seen.push({ ...ctx.meta }) } },
    ]);
    const run = (id: string) =>
      broker.call<DryRunAnswer, object>(
        "thing.dryRun",
        { command: "do", params: { id } },
        { meta: { user: "ann" }, headers: { commandId: "c" } },
      );
    expect(await run("1")).toMatchObject({ state: 5, version: 1 });
    expect(seen).toEqual([{ user: "ann" }]);
    await broker.call("thing.again", { id: "1" });
    expect(await refusal(() => run("2"))).toMatchObject({
      type: "DUPLICATE_CLAIM",
      data: { claim: "n" },
      claimant: "thing-1",
    });
    expect(await run("1")).toMatchObject({ state: 10, version: 2 });
    n = "five";
    expect(await refusal(() => run("3"))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "events.0.payload.n" }],
    });
    expect(await broker.call("events.count")).toBe(1);
  });

  it("is refused, as the command and the state are, for an id that is no number, though of that type", async () => {
    const { broker } = await withHistory();
    for (const id of [NaN, Infinity])
      for (const [action, params] of Object.entries({
        close: { id },
        state: { id },
        dryRun: { command: "close", params: { id } },
      }))
        expect(await refusal(() => broker.call(`account.${action}`, params))).toMatchObject({
          type: "VALIDATION_ERROR",
          data: expect.arrayContaining([expect.objectContaining({ field: "id" })]) as unknown,
        });
  });
});
