import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker, Validators } from "moleculer";
import { cleanUp, refusal, startBroker } from "../support/broker.ts";
import { read } from "../support/documents.ts";
import { eventsIn } from "../support/pages.ts";
import { validators, type WithValidator } from "../support/validators.ts";

afterEach(cleanUp);

async function start({ options, full, bare, payload }: WithValidator): Promise<ServiceBroker> {
  const events = EventStore("events", {
    adapter: "memory:",
    events: { "account.credited": { payload }, "account.deposited": {}, "account.stored": {} },
  });
  const decide = (_: unknown, { id: _id, ...rest }: { id: unknown }) => ({
    type: "account.deposited" as const,
    payload: rest,
  });
  const account = Decider("account", {
    eventStore: events,
    initialState: () => ({ times: 0 }),
    commands: { withId: { params: full, decide }, withoutId: { params: bare, decide }, close: { decide } },
    evolve: {
      "account.deposited": (state: { times: number }) => ({ times: state.times + 1 }),
      "account.credited": (state: { times: number }) => state,
      "account.stored": (state: { times: number }) => state,
    },
  });
  const mapped = {
    name: "mapped",
    mixins: [events.mixin()],
    actions: {
      store: events.mapAction("account.stored", { params: full }),
      credit: events.mapAction("account.credited"),
    },
  };
  return startBroker([mapped, { name: "account", mixins: [account.mixin()] }], options());
}

/** The rows of the table in the documentation. */
const documented = [
  ...read("docs/reference.md").matchAll(/^\| ([a-zA-Z., -]+?) +\| (?:Moleculer's own|`new|a class)/gm),
];

const stored = async (broker: ServiceBroker) =>
  (await eventsIn<RecordedEvent>(broker.call("events.read"))).map(({ stream, payload }) => [stream, payload]);

describe("The table of validators", () => {
  it("has the rows that are tried here", () => {
    expect(documented.map(([, name]) => name)).toEqual(validators.map(({ name }) => name));
  });
});

describe("Another validator of the broker", () => {
  it.each(validators.slice(-2))("gets the params as they are written: $name", async (using) => {
    const validator = using.options().validator as Validators.Base;
    const compile = validator.compile.bind(validator);
    const seen: unknown[] = [];
    validator.compile = (schema) => {
      seen.push(schema);
      return compile(schema);
    };
    await start({ ...using, options: () => ({ validator }) });
    for (const params of [using.full, using.bare]) expect(seen).toContainEqual(params);
  });
});

describe.each(validators)("With $name", (using) => {
  it.each([
    ["a mapped action", "mapped.store", { id: "1", amount: 5 }],
    ["a command with an id in its params", "account.withId", { amount: 5 }],
    ["a command without one", "account.withoutId", { amount: 5 }],
  ])("the params of %s are stored, or refused with the name of the field", async (_what, action, payload) => {
    const broker = await start(using);
    await broker.call(action, { id: "1", amount: 5 });
    for (const [wrong, field] of [
      [{ amount: 0 }, "amount"],
      [{ amount: "many" }, "amount"],
      [{}, "amount"],
      [{ amount: 5, isAdmin: true }, "isAdmin"],
    ] as const)
      expect(await refusal(() => broker.call(action, { id: "1", ...wrong }))).toMatchObject({
        code: 422,
        type: "VALIDATION_ERROR",
        message: expect.stringContaining(field) as string,
        data: [{ field }],
      });
    expect(await stored(broker)).toEqual([["account-1", payload]]);
  });

  it("a number as a command's id is its text", async () => {
    const broker = await start(using);
    await broker.call("account.withoutId", { id: 7, amount: 5 });
    expect(await stored(broker)).toEqual([["account-7", { amount: 5 }]]);
  });

  it("a command without an id is refused with its name", async () => {
    const broker = await start(using);
    const error = await refusal(() => broker.call("account.withoutId", { amount: 5 }));
    expect(error).toMatchObject({ code: 422, data: [{ field: "id" }] });
  });

  it("a command without params refuses any", async () => {
    const broker = await start(using);
    const error = await refusal(() => broker.call("account.close", { id: "1", isAdmin: true }));
    expect(error).toMatchObject({ code: 422, data: [{ field: "isAdmin" }] });
    await broker.call("account.close", { id: "1" });
  });

  it("a repeated command is stored once, and a dry run stores nothing but checks the params", async () => {
    const broker = await start(using);
    for (const params of [
      { id: "1", amount: 5 },
      { id: "1", amount: 5 },
    ])
      for (const action of ["account.withId", "account.withoutId", "mapped.store"])
        await broker.call(action, params, { headers: { commandId: "first" } });
    const dryRun = (amount: number) =>
      broker.call("account.dryRun", { command: "withoutId", params: { id: "1", amount } });
    expect(await dryRun(5)).toMatchObject({ events: [{ payload: { amount: 5 } }] });
    expect(await refusal(() => dryRun(0))).toMatchObject({ code: 422, data: [{ field: "amount" }] });
    expect(await stored(broker)).toHaveLength(3);
  });

  it("the package's own actions check their params", async () => {
    const broker = await start(using);
    for (const [action, params, field] of [
      ["events.read", { limit: "many" }, "limit"],
      ["events.streams", { isAdmin: true }, "isAdmin"],
      ["account.state", { id: "" }, "id"],
      ["account.history", { id: "1", limit: 0 }, "limit"],
    ] as const)
      expect(await refusal(() => broker.call(action, params))).toMatchObject({ code: 422, data: [{ field }] });
    expect(await broker.call("account.state", { id: 1, version: "0" })).toMatchObject({ version: 0 });
  });

  it("payloads of the catalogue are stored, or refused with the name of the field", async () => {
    const broker = await start(using);
    await broker.call("mapped.credit", { id: "1", amount: 5 });
    const wrong = { stream: "account-1", events: [{ type: "account.credited", payload: { amount: 0 } }] };
    expect(await refusal(() => broker.call("events.append", wrong))).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field: "events.0.payload.amount", actual: 0 }],
    });
    expect(await stored(broker)).toEqual([["account-1", { amount: 5 }]]);
  });
});
