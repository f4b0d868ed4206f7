import { Decider, EventStore, Subscription, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import type { CallingOptions, Context, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { commandOf, named } from "../support/command-of.ts";
import { openParams } from "../support/open-params.ts";
import { eventsIn } from "../support/pages.ts";
import { accountService } from "./decider-account.ts";

afterEach(cleanUp);

const adapters = { memory: () => "memory:", sqlite: () => `sqlite:${newFolder()}/events.db` };

const readAll = (broker: ServiceBroker): Promise<RecordedEvent[]> => eventsIn(broker.call("events.read"));

/** A service with the mapped actions `deposit`, per account, and `note`, a stream per event. */
function mapped(adapter: string, params: object = { id: "string", amount: "number" }, hooks = {}): ServiceSchema {
  const events = EventStore("events", { adapter });
  return {
    name: "account",
    mixins: [events.mixin()],
    actions: {
      deposit: events.mapAction("money.deposited", { params: params as Record<string, string>, hooks }),
      refund: events.mapAction("money.deposited", { params: openParams }),
      note: events.mapAction("note.taken", { stream: "new" }),
    },
  };
}

describe.each(Object.entries(adapters))("A mapped action with a command id, on %s,", (_engine, adapter) => {
  const deposit = (broker: ServiceBroker, amount: number, commandId: unknown, id: unknown = "1") =>
    broker.call<StoredAnswer, object>("account.deposit", { id, amount }, named(commandId));

  it("stores once, and returns the first result, however often it is sent", async () => {
    const broker = await startBroker([mapped(adapter())]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => deposit(broker, 100, "c")));
    const [first] = answers.filter(({ repeated }) => !repeated);
    expect(answers.map((answer) => ({ ...answer, repeated: false }))).toEqual(answers.map(() => first));
    expect(await readAll(broker)).toEqual(first!.events);
    expect(commandOf(first!.events[0]!)).toBe("c");
  });

  it("is refused with other params", async () => {
    const broker = await startBroker([mapped(adapter())]);
    await deposit(broker, 100, "c");
    expect(await refusal(() => deposit(broker, 101, "c"))).toMatchObject({
      name: "CommandIdReusedError",
      code: 409,
      data: { commandId: "c", command: "account.deposit" },
    });
    expect(await readAll(broker)).toHaveLength(1);
  });

  it("is refused with other params also if they lead to the same event", async () => {
    const events = EventStore("events", { adapter: adapter() });
    const ring = events.mapAction("bell.rung", { params: openParams, payload: ({ id }) => ({ id }) });
    const broker = await startBroker([{ name: "bell", mixins: [events.mixin()], actions: { ring } }]);
    await broker.call("bell.ring", { id: "1", loud: true }, named("c"));
    expect(await refusal(() => broker.call("bell.ring", { id: "1", loud: false }, named("c")))).toMatchObject({
      type: "COMMAND_ID_REUSED",
    });
  });

  it("is another command for another entity, under another name, and with another id", async () => {
    const broker = await startBroker([mapped(adapter())]);
    await deposit(broker, 100, "c");
    await deposit(broker, 100, "c", "2");
    await deposit(broker, 100, "d");
    await broker.call("account.refund", { id: "1", amount: 100 }, named("c"));
    expect(await readAll(broker)).toHaveLength(4);
  });

  it("stores once also where each event has a stream of its own", async () => {
    const broker = await startBroker([mapped(adapter())]);
    const note = (text: string, commandId: unknown): Promise<StoredAnswer> =>
      broker.call("account.note", { text }, named(commandId));
    const first = await note("a", "c");
    expect(await note("a", "c")).toEqual({ ...first, repeated: true });
    await note("a", "d");
    expect(await readAll(broker)).toHaveLength(2);
  });

  it("takes its id from the function that its definition gives", async () => {
    const events = EventStore("events", { adapter: adapter() });
    const hear = events.mapEvent("order.imported", { stream: "new", commandId: ({ number }) => number as number });
    const broker = await startBroker([{ name: "shop", mixins: [events.mixin()], events: { "legacy.order": hear } }]);
    for (const number of [7, 7, 8]) await broker.emit("legacy.order", { number });
    await eventually(async () => expect(await readAll(broker)).toHaveLength(2));
  });
});

describe("A command id of a mapped action", () => {
  const started = async (stream: (params: { to: string }, ctx: Context) => string) => {
    const events = EventStore("events", { adapter: "memory:" });
    const post = events.mapAction("money.moved", { params: { to: "string" }, stream });
    return startBroker([{ name: "book", mixins: [events.mixin()], actions: { post } }]);
  };

  it("is the same command where the stream's function gives another name", async () => {
    let calls = 0;
    const broker = await started(() => `money-${++calls}`);
    const first = await broker.call<StoredAnswer, object>("book.post", { to: "a" }, named("c"));
    expect(await broker.call("book.post", { to: "a" }, named("c"))).toEqual({ ...first, repeated: true });
    expect(await readAll(broker)).toHaveLength(1);
  });

  it("is refused for another stream where the params name no entity", async () => {
    const broker = await started(({ to }) => `money-${to}`);
    await broker.call("book.post", { to: "a" }, named("c"));
    expect(await refusal(() => broker.call("book.post", { to: "b" }, named("c")))).toMatchObject({
      type: "COMMAND_ID_REUSED",
    });
  });

  it("is refused where an append has stored another event under its id", async () => {
    const newBook = () => startBroker([mapped("memory:")]);
    const deposit = (broker: ServiceBroker) =>
      broker.call<StoredAnswer, object>("account.deposit", { id: "1", amount: 1 }, named("c"));
    const [{ id }] = (await deposit(await newBook())).events as [RecordedEvent];
    const broker = await newBook();
    await broker.call("events.append", { stream: "evil-1", events: [{ id, type: "evil.done", payload: {} }] });
    expect(await refusal(() => deposit(broker))).toMatchObject({ type: "COMMAND_ID_REUSED" });
  });
});

describe("An incoming event that two services map", () => {
  it("is stored once by each under the same command id", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const to = (type: string) => events.mapEvent(type, { stream: "all", commandId: ({ number }) => number as number });
    const broker = await startBroker([
      { name: "one", mixins: [events.mixin()], events: { "legacy.order": to("order.imported") } },
      { name: "two", events: { "legacy.order": to("order.counted") } },
    ]);
    for (let times = 0; times < 2; times++) await broker.broadcast("legacy.order", { number: 7 });
    await eventually(async () =>
      expect((await readAll(broker)).map(({ type }) => type).toSorted()).toEqual(["order.counted", "order.imported"]),
    );
  });
});

describe("A repeated command of an older release", () => {
  const sent = { id: "1", amount: 100 };

  it.each([
    ["a default", { currency: { type: "string", default: "EUR" } }],
    ["a conversion", { amount: { type: "string", convert: true } }],
  ])("is the same after a release has added %s", async (_what, added) => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const older = await startBroker([mapped(adapter)]);
    const first: StoredAnswer = await older.call("account.deposit", { ...sent }, named("c"));
    await older.stop();
    const newer = await startBroker([mapped(adapter, { id: "string", amount: "number", ...added })]);
    expect(await newer.call("account.deposit", { ...sent }, named("c"))).toEqual({ ...first, repeated: true });
    expect(await readAll(newer)).toHaveLength(1);
  });

  it("is the same if its hash was made in a way that this release does not know", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const broker = await startBroker([accountService(adapter)]);
    const first = await broker.call<StoredAnswer, object>("account.deposit", { ...sent }, named("c"));
    const { hash } = first.events[0]!.meta["$command"] as { hash: string };
    const { isSameCommand } = await import("../../core/log/command-hash.ts");
    expect(isSameCommand(hash, hash)).toBe(true);
    expect(isSameCommand(hash, hash.replace(/.$/, "x"))).toBe(false);
    expect(isSameCommand(hash.replace("1:", "2:"), hash)).toBe(true);
    expect(isSameCommand(undefined, hash)).toBe(true);
  });
});

describe("A command id", () => {
  it("belongs to one call: the commands that a service sends for one request are all stored", async () => {
    const pay = async (ctx: Context) => {
      for (const _what of ["wage", "bonus"]) await ctx.call("account.deposit", { id: "1", amount: 100 });
    };
    const broker = await startBroker([accountService("memory:"), { name: "payroll", actions: { pay } }]);
    await broker.call("payroll.pay", {}, named("c"));
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 200 } });
  });

  it("is the user's own field in meta, and without effect there", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const meta = { commandId: "c" };
    for (let n = 0; n < 2; n++) await broker.call("account.deposit", { id: "1", amount: 100 }, { meta });
    expect(await broker.call("events.count")).toBe(2);
  });

  it("reaches a command, a mapped action and append on another node", async () => {
    const nodes = { transporter: "Fake", namespace: "command ids" } as const;
    const events = EventStore("events", { host: false });
    const note = events.mapAction("note.taken", { params: { id: "string", at: { type: "string", default: "noon" } } });
    const host = await startBroker([accountService("memory:"), { name: "notes", actions: { note } }], nodes);
    const caller = await startBroker([], nodes);
    await caller.waitForServices(["account", "notes", "events"]);
    const calls: [string, object][] = [
      ["account.deposit", { id: "1", amount: 5 }],
      ["notes.note", { id: "1" }],
      ["events.append", { stream: "a-1", events: [{ type: "thing.happened", payload: {} }] }],
    ];
    for (const [action, params] of calls) {
      const first: object = await caller.call(action, params, named("c"));
      expect(await caller.call(action, params, named("c"))).toEqual({ ...first, repeated: true });
    }
    expect(await host.call("events.count")).toBe(calls.length);
  });

  it("leaves the caller's params as they were, so that the same object can be sent again", async () => {
    const broker = await startBroker([
      mapped("memory:", { id: "string", list: "array", currency: { type: "string", default: "EUR" } }),
    ]);
    const params = Object.freeze({ id: "1", list: Object.freeze([Object.freeze({})]) });
    const first: StoredAnswer = await broker.call("account.deposit", params, named("c"));
    expect(first.events).toMatchObject([{ payload: { ...params, currency: "EUR" } }]);
    expect(await broker.call("account.deposit", params, named("c"))).toEqual({ ...first, repeated: true });
  });
});

describe("A subscription that handles an event again", () => {
  it("stores once what its calls and actions store: by commands, mapped actions and append", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const events = EventStore("events", { adapter });
    let runs = 0;
    const watch = Subscription("watch", {
      eventStore: events,
      onError: { retries: 3, delayMs: 1 },
      on: {
        "thing.happened": async ({ payload }, { call }) => {
          // Another order each time.
          const calls = [
            () => call("account.deposit", { id: "1", amount: 1 }),
            () => call("account.deposit", { id: "2", amount: 2 }),
            () => call("notes.note", { id: "1" }),
            () => call("events.append", { stream: "a-1", events: [{ type: "thing.followed", payload }] }),
          ];
          for (const send of runs++ % 2 ? calls.toReversed() : calls) await send();
          if (runs < 3) throw new Error("not yet");
        },
        "thing.happene?": "notes.noteEvent",
      },
    });
    const decider = Decider("account", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        deposit: { params: { amount: "number" }, decide: (_, { amount }) => ({ type: "added", payload: { amount } }) },
      },
      evolve: { added: (sum, { payload }) => sum + (payload["amount"] as number) },
    });
    const broker = await startBroker([
      { name: "account", mixins: [events.mixin(), decider.mixin(), watch.mixin()] },
      {
        name: "notes",
        actions: {
          note: events.mapAction("note.taken", { params: openParams }),
          noteEvent: events.mapAction("note.taken", { stream: "notes", payload: ({ type }) => ({ type }) }),
        },
      },
    ]);
    await broker.call("events.append", { stream: "s-1", events: [{ type: "thing.happened", payload: {} }] });
    await caughtUp(broker, "watch");
    expect(runs).toBe(3);
    const stored = (await readAll(broker)).map(({ type, stream }) => `${type} ${stream}`);
    expect(stored.toSorted()).toEqual([
      "added account-1",
      "added account-2",
      "note.taken note-1",
      "note.taken notes",
      "thing.followed a-1",
      "thing.happened s-1",
    ]);
  });
});

describe("An entity's id", () => {
  it.each([1, 1n])("is the text of the number %p in a command and a mapped action", async (id) => {
    const broker = await startBroker([mapped("memory:"), tillService()]);
    const recorded = await broker.call("account.deposit", { id, amount: 1 });
    expect(recorded).toMatchObject({ stream: "money-1", events: [{ payload: { id: "1" } }] });
    await broker.call("till.open", { id });
    expect(await broker.call("till.state", { id: "1" })).toMatchObject({ version: 1 });
  });

  it("stays a number if its rule says so", async () => {
    const broker = await startBroker([mapped("memory:", { id: "number|integer" })]);
    expect(await broker.call("account.deposit", { id: 1 })).toMatchObject({
      stream: "money-1",
      events: [{ payload: { id: 1 } }],
    });
  });
});

/** A decider whose command declares its id as a string. */
function tillService(): ServiceSchema {
  const events = EventStore("tills", { adapter: "memory:" });
  const till = Decider("till", {
    eventStore: events,
    initialState: () => 0,
    commands: { open: { params: { id: "string" }, decide: (_, { id }) => ({ type: "opened", payload: { id } }) } },
    evolve: { opened: (count) => count + 1 },
  });
  return { name: "till", mixins: [events.mixin(), till.mixin()] };
}

describe("A route of a gateway", () => {
  /** The recipe of docs/commands.md. */
  function onBeforeCall(ctx: Context, _route: object, req: { headers: Record<string, string> }): void {
    const commandId = req.headers["idempotency-key"];
    if (commandId === undefined) return;
    const call = ctx.call.bind(ctx) as (action: string, params: object, options?: CallingOptions) => Promise<unknown>;
    const callOnce: typeof call = (action, params, options) =>
      call(action, params, { ...options, headers: { commandId } });
    Object.assign(ctx, { call: callOnce });
  }

  it("stores a request once by its Idempotency-Key", async () => {
    // As moleculer-web does: the hook, then the call in the same context.
    const rest = (ctx: Context<{ headers: Record<string, string> }>) => {
      onBeforeCall(ctx, {}, ctx.params);
      return ctx.call("account.deposit", { id: "1", amount: 100 }, {});
    };
    const broker = await startBroker([accountService("memory:"), { name: "api", actions: { rest } }]);
    const post = (headers: object) => broker.call("api.rest", { headers });
    for (let n = 0; n < 2; n++) await post({ "idempotency-key": "request-1" });
    for (let n = 0; n < 2; n++) await post({});
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 300 } });
  });
});
