import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { BrokerOptions, Context, ServiceBroker } from "moleculer";
import { ZodParams, ZodValidator } from "moleculer-zod-validator";
import { z } from "zod";
import { cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { AjvValidator, JoiValidator } from "../support/validators.ts";

afterEach(cleanUp);

const payload = z.strictObject({ owner: z.object({ email: z.string() }), at: z.string().optional() });
const newStore = () => EventStore("events", { adapter: "memory:", events: { "account.opened": { payload } } });

const stored = async (broker: ServiceBroker) =>
  (await eventsIn<RecordedEvent>(broker.call("events.read"))).map(({ stream, payload: found }) => [stream, found]);

const evolve = { "account.opened": (state: object) => state };

describe("A claim's path", () => {
  const decider = (path: "owner.email") =>
    Decider("account", {
      eventStore: newStore(),
      initialState: () => ({}),
      commands: { open: { decide: () => null } },
      evolve,
      claims: { email: { claim: { "account.opened": path } } },
    });

  it("is checked against the fields of a Standard Schema", () => {
    expect(decider("owner.email").definition.claims).toHaveLength(1);
    expect(() => decider("owner.mail" as "owner.email")).toThrow('a path whose "mail" is one of email');
    expect(() => decider("ownr" as "owner.email")).toThrow("one of owner, at (did you mean owner?)");
  });
});

describe("The params of a command with a Standard Schema", () => {
  const start = (params: z.ZodType, options: BrokerOptions = {}, seen: unknown[] = []) => {
    const account = Decider("account", {
      eventStore: newStore(),
      initialState: () => ({}),
      commands: {
        open: {
          params,
          hooks: { before: (ctx: Context<{ id?: unknown }>) => void seen.push(ctx.params.id) },
          decide(_, command) {
            seen.push(command);
            return { type: "account.opened", payload: { owner: { email: "a" } } };
          },
        },
      },
      evolve,
    });
    return startBroker([{ name: "account", mixins: [account.mixin()] }], options);
  };

  it("are its output, for hooks and decide", async () => {
    const seen: unknown[] = [];
    const at = new Date("2026-01-01");
    const broker = await start(z.object({ at: z.coerce.date(), size: z.int().default(5) }), {}, seen);
    await broker.call("account.open", { id: 1, at: "2026-01-01", more: true });
    expect(seen).toEqual(["1", { id: "1", at, size: 5 }]);
  });

  it("may be checked asynchronously", async () => {
    const free = z.object({ name: z.string().refine(async (name) => Promise.resolve(name !== "Ann"), "is taken") });
    const broker = await start(free);
    expect(await refusal(() => broker.call("account.open", { id: "1", name: "Ann" }))).toMatchObject({
      code: 422,
      message: "name: is taken",
      data: [{ field: "name", actual: "Ann", expected: "is taken" }],
    });
    await broker.call("account.open", { id: "1", name: "Bob" });
    expect(await stored(broker)).toHaveLength(1);
  });

  it("may have an id of their own", async () => {
    const broker = await start(z.strictObject({ id: z.string().min(3) }));
    expect(await refusal(() => broker.call("account.open", { id: "1" }))).toMatchObject({ data: [{ field: "id" }] });
    await broker.call("account.open", { id: "123" });
    expect(await stored(broker)).toMatchObject([["account-123", {}]]);
  });

  it("are left to hooks, which see the id that a schema of the broker's validator does not declare", async () => {
    const seen: unknown[] = [];
    const { schema } = new ZodParams({ size: z.int() }, { strictObject: true });
    const broker = await start(schema as unknown as z.ZodType, { validator: new ZodValidator() }, seen);
    const sent = { id: "1", size: 5 };
    await broker.call("account.open", sent);
    expect(seen).toEqual(["1", { id: "1", size: 5 }]);
    expect(sent).toEqual({ id: "1", size: 5 });
  });

  it("are refused as a shape of schemas, which Moleculer's validator would take for its own rules", async () => {
    const shape = { name: z.string() } as unknown as z.ZodType;
    await expect(start(shape)).rejects.toMatchObject({
      type: "DEFINITION",
      message: expect.stringContaining("account.open.params.name") as string,
    });
  });

  it.each<[string, BrokerOptions]>([
    ["Moleculer's own validator", {}],
    ["no validator", { validator: false }],
    ["moleculer-zod-validator", { validator: new ZodValidator() }],
    ["a validator with ajv", { validator: new AjvValidator() }],
  ])("are checked on a broker with %s", async (_validator, options) => {
    const broker = await start(z.object({ name: z.string() }), options);
    const error = await refusal(() => broker.call("account.open", { id: "1", name: 5 }));
    expect(error).toMatchObject({ code: 422, data: [{ field: "name" }] });
  });
});

describe("A repeated command that a later release refuses", () => {
  const size = (most: number) => z.object({ id: z.string(), size: z.int().max(most) });

  it.each<[string, (most: number) => Record<string, unknown> | z.ZodType, BrokerOptions]>([
    ["a Standard Schema", size, {}],
    ["moleculer-zod-validator", (most) => new ZodParams(size(most).shape).schema, { validator: new ZodValidator() }],
    [
      "ajv",
      (maximum) => ({ type: "object", properties: { id: { type: "string" }, size: { type: "integer", maximum } } }),
      { validator: new AjvValidator() },
    ],
  ])("has the stored result, by %s", async (_validator, paramsUpTo, options) => {
    const events = EventStore("events", { adapter: "memory:" });
    const open = (most: number) => events.mapAction("account.opened", { params: paramsUpTo(most) });
    const service = (name: string, most: number) => ({
      name,
      mixins: [events.mixin()],
      actions: { open: { ...open(most), name: "open" } },
      settings: { $noServiceNamePrefix: true },
    });
    const broker = await startBroker([{ name: "stays", mixins: [events.mixin()] }], options);
    const older = broker.createService(service("older", 10));
    await broker.waitForServices("older", 10_000, 10);
    const call = () => broker.call("open", { id: "1", size: 9 }, { headers: { commandId: "first" } });
    await call();
    await broker.destroyService(older);
    broker.createService(service("newer", 5));
    await broker.waitForServices("newer", 10_000, 10);
    expect(await call()).toMatchObject({ repeated: true, events: [{ payload: { id: "1", size: 9 } }] });
    expect(await refusal(() => broker.call("open", { id: "1", size: 9 }))).toMatchObject({ code: 422 });
  });
});

describe("An incoming event with a Standard Schema", () => {
  it("is stored as its output, or announced as failed", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const failed: unknown[] = [];
    const params = z.object({ id: z.coerce.string(), size: z.int() });
    const broker = await startBroker([
      {
        name: "legacy",
        mixins: [events.mixin()],
        events: {
          "legacy.opened": events.mapEvent("account.opened", { params }),
          "account.opened.failed": (ctx: Context<{ error: unknown }>) => void failed.push(ctx.params.error),
        },
      },
    ]);
    await broker.emit("legacy.opened", { id: 1, size: 5 });
    await broker.emit("legacy.opened", { id: 1, size: "many" });
    expect(await stored(broker)).toEqual([["account-1", { id: "1", size: 5 }]]);
    expect(failed).toMatchObject([{ type: "VALIDATION_ERROR", data: [{ field: "size" }] }]);
  });
});

describe.each<[string, () => BrokerOptions]>([
  ["moleculer-zod-validator", () => ({ validator: new ZodValidator() })],
  ["a validator with ajv", () => ({ validator: new AjvValidator() })],
  ["a validator with joi", () => ({ validator: new JoiValidator() })],
  ["no validator", () => ({ validator: false })],
])("Tables, subscriptions and process managers on a broker with %s", (_validator, options) => {
  it("work, and check the params of their actions", async () => {
    const events = newStore();
    const handled: string[] = [];
    const accounts = Aggregate("accounts", { eventStore: events, adapter: "memory:", fields: { email: "string" } })
      .on("account.opened")
      .create(({ payload: { owner } }) => ({ email: owner.email }));
    const mails = Subscription("mails", {
      eventStore: events,
      on: { "account.opened": ({ id }) => void handled.push(id) },
    });
    const manager = ProcessManager("manager", {
      eventStore: events,
      initialState: () => ({}),
      on: { "account.opened": ({ id }) => void handled.push(id) },
    });
    const broker = await startBroker(
      [
        {
          name: "bank",
          mixins: [accounts.mixin(), mails.mixin(), manager.mixin()],
          actions: { open: events.mapAction("account.opened") },
        },
      ],
      options(),
    );
    await broker.call("bank.open", { id: "1", owner: { email: "a" } });
    await eventually(() => expect(handled).toHaveLength(2));
    expect(await broker.call("accounts.find", { limit: "1", offset: null })).toEqual([{ id: "1", email: "a" }]);
    for (const action of ["accounts.rebuild", "accounts.status", "mails.pause", "manager.status"]) {
      const error = await refusal(() => broker.call(action, { isAdmin: true }));
      expect(error).toMatchObject({ code: 422, data: [{ field: "isAdmin" }] });
      await broker.call(action);
    }
  });
});
