import { Decider, EventStore, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import { Errors, type BrokerOptions, type Context, type ServiceBroker, type ServiceSchema } from "moleculer";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { accountDecider, accountEvents, accountEventsElsewhere, accountService } from "./decider-account.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const adapters = { memory: () => "memory:", sqlite: () => `sqlite:${newFolder()}/events.db` };

const streamOf = (broker: ServiceBroker, stream: string): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", { stream, limit: 10_000 }));

const append = (broker: ServiceBroker, stream: string, type: string, payload: object) =>
  broker.call("events.append", { stream, events: [{ type, payload }] });

describe.each(Object.entries(adapters))("A decider on %s", (_engine, adapter) => {
  it("lets exactly as many of 100 concurrent withdrawals succeed as the balance allows", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 50 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => broker.call("account.withdraw", { id: "1", amount: 1 })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as object] : []));
    expect(reasons).toEqual(
      reasons.map(() => expect.objectContaining({ type: "INSUFFICIENT_FUNDS", code: 409 }) as object),
    );
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 0 }, version: 51 });
    const versions = (await streamOf(broker, "account-1")).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });

  it("decides again if another append comes first", async () => {
    const broker = await startBroker([accountService(adapter())]);
    await broker.call("account.deposit", { id: "1", amount: 50 });
    const deposits = Array.from({ length: 30 }, () => append(broker, "account-1", "account.deposited", { amount: 1 }));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => broker.call("account.withdraw", { id: "1", amount: 1 })),
    );
    await Promise.all(deposits);
    const succeeded = outcomes.filter(({ status }) => status === "fulfilled").length;
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ type: "INSUFFICIENT_FUNDS" }) as object));
    const { state } = await broker.call<{ state: { balance: number } }, object>("account.state", { id: "1" });
    expect(state.balance).toBe(80 - succeeded);
    expect(succeeded).toBe(80);
  });

  it("goes on from what is stored after a restart", async () => {
    const folder = newFolder();
    const service = () => accountService(`sqlite:${folder}/events.db`);
    const one = await startBroker([service()]);
    await one.call("account.deposit", { id: "1", amount: 50 });
    await one.stop();
    const two = await startBroker([service()]);
    await two.call("account.withdraw", { id: "1", amount: 20 });
    expect(await two.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 30 }, version: 2 });
  });
});

describe("A decider's command", () => {
  it("answers as an append: its events, and stream, version and position of the last", async () => {
    const broker = await startBroker([accountService("memory:")]);
    await append(broker, "other-1", "other.happened", {});
    const answer = await broker.call<StoredAnswer, object>("account.move", { id: "1", amounts: [1, 2] });
    const where = { stream: "account-1", version: 2, position: 3 };
    expect(answer).toEqual({ ...where, events: await streamOf(broker, "account-1"), repeated: false });
    expect(answer.events.map(({ payload }) => payload)).toEqual([{ amount: 1 }, { amount: 2 }]);
  });

  it("returns the stream's version and position if it decides no events", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const nothing = { stream: "account-1", events: [], repeated: false };
    const answer = await broker.call("account.move", { id: "1", amounts: [] });
    expect(answer).toEqual({ ...nothing, version: 0, position: 0 });
    await append(broker, "other-1", "other.happened", {});
    await broker.call("account.open", { id: "1", owner: "Ann" });
    const again = await broker.call("account.open", { id: "1", owner: "Ann" });
    expect(again).toEqual({ ...nothing, version: 1, position: 2 });
  });

  it("leaves in each event which command it was, and what caused it", async () => {
    const broker = await startBroker([accountService("memory:")]);
    const promise = broker.call<StoredAnswer, object>("account.deposit", { id: "1", amount: 5 }, { requestID: "r" });
    const { id } = (promise as unknown as { ctx: Context }).ctx;
    const [event] = (await promise).events;
    expect(event!.meta).toEqual({
      correlationId: "r",
      causationId: id,
      $command: { id, name: "account.deposit" },
    });
  });

  it("is decided on fresh events before it is refused: a deposit elsewhere counts", async () => {
    const broker = await startBroker([accountService("memory:")]);
    await broker.call("account.deposit", { id: "1", amount: 5 });
    await append(broker, "account-1", "account.deposited", { amount: 5 });
    await broker.call("account.withdraw", { id: "1", amount: 10 });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 0 }, version: 3 });
  });

  it("passes the domain's own error on untouched", async () => {
    const thrown = new Errors.MoleculerError("no", 499, "OWN", { a: 1 });
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        fail: {
          decide() {
            throw thrown;
          },
        },
      },
      evolve: { "thing.done": (state) => state },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    expect(await refusal(() => broker.call("thing.fail", { id: "1" }))).toBe(thrown);
  });

  it("is refused with all problems of its params at once, nested objects and lists among them", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const order = Decider("order", {
      eventStore: events,
      initialState: () => ({}),
      commands: {
        create: {
          params: {
            partner: { $$type: "object", email: "email", phone: "string?" },
            items: {
              type: "array",
              min: 1,
              items: {
                type: "object",
                props: {
                  product: "string",
                  quantity: { type: "number", positive: true },
                  unit: { type: "enum", values: ["KG", "MT"] },
                },
              },
            },
            number: {
              type: "string",
              custom: (value: unknown, errors: object[]) => {
                if (value !== "A") errors.push({ type: "notA", actual: value, message: "is not A" });
                return value;
              },
            },
          },
          decide: (_state, { items }) => ({ type: "order.created", payload: { units: items.map(({ unit }) => unit) } }),
        },
      },
      evolve: { "order.created": (state) => state },
    });
    const broker = await startBroker([{ name: "order", mixins: [events.mixin(), order.mixin()] }]);
    const error = await refusal(() =>
      broker.call("order.create", {
        partner: { email: "x", phone: 5 },
        items: [{ product: "p", quantity: 0, unit: "LB" }],
        number: "B",
      }),
    );
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
    expect(
      (error.data as { field: string; type: string }[]).map(({ field, type }) => `${field} ${type}`).toSorted(),
    ).toEqual([
      "id required",
      "items.0.quantity invalid",
      "items.0.unit invalid",
      "number invalid",
      "partner.email invalid",
      "partner.phone invalid",
    ]);
    const items = [{ product: "p", quantity: 1, unit: "KG" }];
    await broker.call("order.create", { id: "1", partner: { email: "a@b.nz" }, items, number: "A" });
    expect(await broker.call("events.count")).toBe(1);
  });

  it.each([[undefined], [null], [""], [{}], [true]])("is refused where its id is %p", async (id) => {
    const broker = await startBroker([accountService("memory:")]);
    for (const [command, params] of [["deposit", { amount: 5 }] as const, ["close", {}] as const])
      expect(await refusal(() => broker.call(`account.${command}`, { id, ...params }))).toMatchObject({
        type: "VALIDATION_ERROR",
        data: [{ field: "id" }],
      });
    expect(await broker.call("events.count")).toBe(0);
  });

  it("takes a number for an id, as the REPL makes numbers of digits", async () => {
    const broker = await startBroker([accountService("memory:")]);
    await broker.call("account.deposit", { id: 42, amount: 5 });
    await broker.call("account.deposit", { id: 42n, amount: 5 });
    for (const id of [42, 42n]) {
      expect(await broker.call("account.state", { id })).toMatchObject({ version: 2 });
      expect(await broker.call("account.history", { id })).toMatchObject({ version: 2 });
    }
    expect(await streamOf(broker, "account-42")).toHaveLength(2);
  });

  it.each(["undefined", "NaN", "[object Object]"])("is refused, as a question is, with the id %j", async (id) => {
    const broker = await startBroker([accountService("memory:")]);
    for (const [action, params] of [["deposit", { amount: 1 }] as const, ["state", {}] as const])
      expect(await refusal(() => broker.call(`account.${action}`, { id, ...params }))).toMatchObject({
        type: "VALIDATION_ERROR",
        data: [{ field: "id", actual: id }],
      });
  });

  it.each([[{}], [[7]], [true], [Number.NaN]])("is refused where the rule of its id would convert %j", async (id) => {
    const decider = Decider("thing", {
      eventStore: EventStore("events", { adapter: "memory:" }),
      initialState: () => ({}),
      commands: { make: { params: { id: "string|convert" }, decide: () => ({ type: "thing.made" }) } },
      evolve: { "thing.made": (state) => state },
    });
    const broker = await startBroker([{ name: "thing", mixins: [decider.mixin()] }]);
    expect(await refusal(() => broker.call("thing.make", { id }))).toMatchObject({
      code: 422,
      data: [{ field: "id" }],
    });
    expect(await broker.call("thing.make", { id: 7 })).toMatchObject({ stream: "thing-7" });
  });

  it.each(["a\0", "x".repeat(250)])(
    "is refused, as any question is, with an id that no stream can have: %j",
    async (id) => {
      const broker = await startBroker([accountService("memory:")]);
      const dryRun = { command: "deposit", params: { id, amount: 1 } };
      for (const [action, params] of [
        ["deposit", { id, amount: 1 }],
        ["state", { id }],
        ["history", { id }],
        ["dryRun", dryRun],
      ] as const)
        expect(await refusal(() => broker.call(`account.${action}`, params))).toMatchObject({
          type: "VALIDATION_ERROR",
          code: 422,
          data: [{ field: "id", expected: expect.stringContaining("an id whose stream has 1 to 255") as string }],
        });
      expect(await broker.call("events.count")).toBe(0);
    },
  );

  it("is not there under another name", async () => {
    const broker = await startBroker([accountService("memory:")]);
    expect(await refusal(() => broker.call("account.rob", { id: "1" }))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
  });

  it("is refused where it would wait for itself", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        outer: {
          async decide(_state, { id }, ctx) {
            await ctx.call("thing.inner", { id });
          },
        },
        inner: { decide: () => ({ type: "thing.done" }) },
      },
      evolve: { "thing.done": (state) => state },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    expect(await refusal(() => broker.call("thing.outer", { id: "1" }))).toMatchObject({
      type: "DEFINITION",
      data: [
        {
          field: "thing.outer: decide",
          actual: 'a call of thing.inner for entity "1", which waits for this command',
        },
      ],
    });
  });

  it("is refused where it would wait for one that waits for it, and the other one goes on", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const bothDecide = Promise.withResolvers<void>();
    let deciding = 0;
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        pull: {
          params: { other: "string" },
          async decide(_state, { other }, ctx) {
            if (++deciding === 2) bothDecide.resolve();
            await bothDecide.promise;
            await ctx.call("thing.finish", { id: other });
            return { type: "thing.done" };
          },
        },
        finish: { decide: () => ({ type: "thing.done" }) },
      },
      evolve: { "thing.done": (state) => state + 1 },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    const pull = (id: string, other: string) => broker.call("thing.pull", { id, other });
    const answers = await Promise.allSettled([pull("1", "2"), pull("2", "1")]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({ reason: { type: "DEFINITION" } });
    await Promise.all([broker.call("thing.finish", { id: "1" }), broker.call("thing.finish", { id: "2" })]);
    expect(await broker.call("events.count")).toBe(4);
  });

  it("is refused with the conflict where it loses more often than it may be decided again", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    let decisions = 0;
    const decider = Decider("thing", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        lose: {
          async decide(_state, { id }, ctx) {
            decisions++;
            await ctx.call("events.append", { stream: `thing-${id}`, events: [{ type: "thing.done", payload: {} }] });
            return { type: "thing.done" };
          },
        },
      },
      evolve: { "thing.done": (state) => state + 1 },
      conflictRetries: 4,
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    expect(await refusal(() => broker.call("thing.lose", { id: "1" }))).toMatchObject({
      type: "VERSION_CONFLICT",
      data: { expected: 4, actual: 5 },
    });
    expect(decisions).toBe(5);
    expect(await broker.call("thing.state", { id: "1" })).toMatchObject({ state: 5, version: 5 });
  });

  it("is decided on the log alone where its hot state is of another history", async () => {
    const [one, two] = ["memory:", "memory:"].map((adapter) => ({
      name: "host",
      mixins: [accountEvents(adapter).mixin()],
    }));
    const nodes: BrokerOptions = { transporter: "Fake", namespace: "another history" };
    const host = await startBroker([one!], nodes);
    const broker = await startBroker(
      [{ name: "account", mixins: [accountDecider(accountEventsElsewhere).mixin()] }],
      nodes,
    );
    await broker.waitForServices("events");
    await broker.call("account.move", { id: "1", amounts: [1, 2, 3] });
    await host.stop();
    await startBroker([two!], nodes);
    await eventually(() => append(broker, "account-1", "account.deposited", { amount: 10 }));
    expect(await broker.call("account.deposit", { id: "1", amount: 5 })).toMatchObject({ version: 2 });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 15 } });
  });

  it("is decided on the same log by two nodes", async () => {
    const nodes: BrokerOptions = { transporter: "Fake", namespace: "two nodes" };
    const host = await startBroker([accountService("memory:")], nodes);
    const other = await startBroker([{ name: "account", mixins: [accountDecider(accountEventsElsewhere).mixin()] }], {
      ...nodes,
      registry: { preferLocal: true },
    });
    await other.waitForServices("events");
    await host.call("account.deposit", { id: "1", amount: 50 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? host : other).call("account.withdraw", { id: "1", amount: 1 }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(50);
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
    expect(refused).toEqual(refused.map(() => expect.objectContaining({ type: "INSUFFICIENT_FUNDS" }) as object));
    for (const broker of [host, other])
      expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 0 }, version: 51 });
  });
});

describe("The service of a decider", () => {
  const withRest = (actions: object, hooks: object = {}) => accountService("memory:", {}, { actions, hooks } as object);

  it("adds options to the decider's actions", async () => {
    const broker = await startBroker([withRest({ deposit: { rest: "POST /deposit" }, history: false })]);
    const { actions } = broker.getLocalService("account").schema;
    expect(actions!["deposit"]).toMatchObject({ rest: "POST /deposit" });
    await broker.call("account.deposit", { id: "1", amount: 5 });
    expect(await refusal(() => broker.call("account.history", { id: "1" }))).toMatchObject({
      type: "SERVICE_NOT_FOUND",
    });
  });

  it("enriches a command in its hooks, of which decide sees what they add", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const order = Decider("order", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        complete: {
          params: { $$strict: true, at: "string" },
          decide: (_state, command) => ({ type: "order.completed", payload: { ...command } }),
        },
      },
      evolve: { "order.completed": (state) => state + 1 },
    });
    const broker = await startBroker([
      {
        name: "order",
        mixins: [events.mixin(), order.mixin()],
        hooks: {
          before: {
            complete(ctx: Context<Record<string, unknown>>) {
              ctx.params["blocked"] = ["salt"];
            },
          },
        },
      },
    ]);
    await broker.call("order.complete", { id: "1", at: "noon" });
    const [event] = await streamOf(broker, "order-1");
    expect(event!.payload).toEqual({ id: "1", at: "noon", blocked: ["salt"] });
  });

  it("cannot have a handler of its own under a command's name", async () => {
    const service = withRest({ deposit: () => "mine" });
    expect(await refusal(() => startBroker([service]))).toMatchObject({
      type: "DEFINITION",
      data: [{ field: "account.actions.deposit" }],
    });
  });

  it("has one decider", async () => {
    const events = accountEvents("memory:");
    const mixins = [accountDecider(events).mixin(), accountDecider(events).mixin()];
    expect(await refusal(() => startBroker([{ name: "account", mixins }]))).toMatchObject({
      type: "DEFINITION",
      data: [{ field: "account.mixins", actual: "account and another decider" }],
    });
  });

  it("may have another name than the decider, and a version", async () => {
    const broker = await startBroker([{ ...accountService("memory:"), name: "bank", version: 2 }]);
    const { events } = await broker.call<StoredAnswer, object>("v2.bank.deposit", { id: "1", amount: 5 });
    expect(events[0]).toMatchObject({ stream: "account-1", meta: { $command: { name: "v2.bank.deposit" } } });
  });

  it("serves two brokers of one process, each with a store and states of its own", async () => {
    const shared = accountDecider(accountEventsElsewhere).mixin();
    const service = () => ({ name: "account", mixins: [accountEvents("memory:").mixin(), shared] });
    const [one, two] = [await startBroker([service()]), await startBroker([service()])];
    await one.call("account.deposit", { id: "1", amount: 5 });
    await two.call("account.deposit", { id: "1", amount: 7 });
    expect(await one.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 5 }, version: 1 });
    expect(await two.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 7 }, version: 1 });
  });

  it("answers a stored command though no state follows from it, and refuses the next with the reason", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: (): { list: number[] } => ({ list: [] }),
      commands: { add: { decide: () => ({ type: "thing.added" }) } },
      evolve: {
        "thing.added": (state) => {
          if (state.list.length === 0) return { list: [1] };
          state.list.push(1);
          return state;
        },
      },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    for (const version of [1, 2]) expect(await broker.call("thing.add", { id: "1" })).toMatchObject({ version });
    expect(await refusal(() => broker.call("thing.add", { id: "1" }))).toMatchObject({ type: "FROZEN_STATE" });
    expect(await broker.call("events.count")).toBe(2);
  });

  it.each<[string, (state: { list: number[] }) => unknown, object]>([
    ["nothing", () => undefined, { type: "DEFINITION", data: [{ field: 'thing.evolve["thing.added"]' }] }],
    ["a promise", (state) => Promise.resolve(state), { type: "DEFINITION", data: [{ actual: "a promise" }] }],
    ["the state it was given, changed", (state) => (state.list.push(1), state), { type: "FROZEN_STATE" }],
  ])("stores no event of a type whose evolve returns %s", async (_what, evolve, error) => {
    const events = EventStore("events", { adapter: "memory:" });
    const decider = Decider("thing", {
      eventStore: events,
      initialState: (): { list: number[] } => ({ list: [] }),
      commands: {
        note: { decide: () => ({ type: "thing.noted" }) },
        add: { decide: () => [{ type: "thing.noted" }, { type: "thing.added" }] },
      },
      evolve: { "thing.noted": (state) => state, "thing.added": evolve as (state: unknown) => never },
    });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), decider.mixin()] }]);
    for (let n = 0; n < 2; n++) expect(await refusal(() => broker.call("thing.add", { id: "1" }))).toMatchObject(error);
    expect(await broker.call("events.count")).toBe(0);
    expect(await broker.call("thing.note", { id: "1" })).toMatchObject({ version: 1 });
  });

  it("names a stored type that evolve has no case for, with stream and version", async () => {
    const broker = await startBroker([accountService("memory:")]);
    await broker.call("account.deposit", { id: "1", amount: 5 });
    await append(broker, "account-1", "account.lost", {});
    expect(await refusal(() => broker.call("account.deposit", { id: "1", amount: 5 }))).toMatchObject({
      type: "DEFINITION",
      data: [{ field: "account.evolve", actual: "no case for account.lost (stream account-1, version 2)" }],
    });
  });
});

describe("A store that comes back with another history", () => {
  it("has its own states: none that was known before counts", async () => {
    const folder = newFolder();
    const store = (file: string): ServiceSchema => ({
      name: "hub",
      mixins: [accountEvents(`sqlite:${folder}/${file}.db`).mixin()],
    });
    const broker = await startBroker([
      store("one"),
      { name: "account", mixins: [accountDecider(accountEventsElsewhere).mixin()] },
    ]);
    await broker.call("account.deposit", { id: "1", amount: 1000 });
    await broker.destroyService("hub");
    broker.createService(store("two"));
    await broker.waitForServices("events");
    const deposited = { type: "account.deposited", payload: { amount: 1 } };
    await broker.call("events.append", { stream: "account-1", events: [deposited] });
    expect(await broker.call("account.state", { id: "1" })).toMatchObject({ state: { balance: 1 } });
    expect(await refusal(() => broker.call("account.withdraw", { id: "1", amount: 500 }))).toMatchObject({
      type: "INSUFFICIENT_FUNDS",
    });
  });
});
