import { Aggregate, EventStore, type AggregateOptions, type AnyEvents } from "moleculer-event-sourcing";
import type { BrokerOptions, Context, ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const fields = { owner: "string", status: "string" } as const;
type Options = Partial<AggregateOptions<AnyEvents, typeof fields>>;
interface Row {
  id: string;
  owner: string;
  status: string;
}

const rows: Row[] = [
  { id: "1", owner: "Ann", status: "open" },
  { id: "2", owner: "Ben", status: "open" },
  { id: "3", owner: "Ann", status: "sold" },
];

const scopes: NonNullable<Options["scopes"]> = {
  open: { status: "open" },
  ben: { owner: "Ben" },
  own: (query, ctx: Context<unknown, { user?: string }>) => void (query["owner"] = ctx.meta.user ?? "nobody"),
};

async function start(options: Options, brokerOptions: BrokerOptions = {}): Promise<ServiceBroker> {
  const events = EventStore("shop", { adapter: "memory:" });
  const villas = Aggregate("villas", { eventStore: events, adapter: "memory:", fields, scopes, ...options })
    .on("villa.listed")
    .create(({ payload }) => payload as unknown as Row);
  const broker = await startBroker([{ name: "desk", mixins: [events.mixin(), villas.mixin()] }], brokerOptions);
  for (const row of rows)
    await broker.call("shop.append", { stream: `villa-${row.id}`, events: [{ type: "villa.listed", payload: row }] });
  await caughtUp(broker, "villas");
  return broker;
}

const idsOf = (found: Row[]) => found.map(({ id }) => id);
const find = async (broker: ServiceBroker, params: object = {}, user?: string) =>
  idsOf(await broker.call<Row[], object>("villas.find", params, { meta: { user } }));

describe("The scopes of a table", () => {
  it("narrow what a call finds, beside its own query", async () => {
    const broker = await start({});
    expect(await find(broker)).toEqual(["1", "2", "3"]);
    expect(await find(broker, { scope: "open" })).toEqual(["1", "2"]);
    expect(await find(broker, { scope: ["open", "ben"] })).toEqual(["2"]);
    expect(await find(broker, { scope: "open", query: { owner: "Ann" } })).toEqual(["1"]);
    expect(await find(broker, { scope: "own" }, "Ann")).toEqual(["1", "3"]);
    expect(await broker.call("villas.count", { scope: "open" })).toBe(2);
    expect(await broker.call("villas.list", { scope: "open", pageSize: 1 })).toMatchObject({ total: 2 });
  });

  it("hold by default in every read, until a call says otherwise", async () => {
    const broker = await start({ defaultScopes: ["open"] });
    expect(await find(broker)).toEqual(["1", "2"]);
    expect(await find(broker, { scope: true })).toEqual(["1", "2"]);
    for (const scope of [false, "false"]) expect(await find(broker, { scope })).toEqual(["1", "2", "3"]);
    expect(await find(broker, { scope: "ben" })).toEqual(["2"]);
    expect(await broker.call("villas.count")).toBe(2);
    expect(await broker.call("villas.list")).toMatchObject({ total: 2 });
    expect(await refusal(() => broker.call("villas.get", { id: "3" }))).toMatchObject({ type: "ENTITY_NOT_FOUND" });
    expect(await broker.call("villas.get", { id: "3", scope: false })).toMatchObject(rows[2]!);
    expect(await broker.call("villas.resolve", { id: ["1", "3"], mapping: true })).toEqual({ 1: rows[0] });
    expect(await broker.call("villas.resolve", { id: "3" })).toBeNull();
  });

  it("hold in the past, and in other pasts", async () => {
    const broker = await start({ defaultScopes: ["open"] });
    const ids = async (action: string, params: object) => {
      const answer: { rows: Row[] } = await broker.call(action, params);
      return idsOf(answer.rows);
    };
    expect(await ids("villas.at", { position: 3 })).toEqual(["1", "2"]);
    expect(await ids("villas.at", { position: 3, scope: false })).toEqual(["1", "2", "3"]);
    expect(await ids("villas.whatIf", { skip: { "payload.owner": "Ben" } })).toEqual(["1"]);
    const diff: { added: unknown[] } = await broker.call("villas.at", { position: 0, diff: true });
    expect(JSON.stringify(diff)).toContain('"2"');
    expect(JSON.stringify(diff)).not.toContain('"3"');
    expect(await broker.call("villas.verify")).toMatchObject({ ok: true, rows: 3 });
  });

  it("do not hold in a transform's own view: rows follow from events alone", async () => {
    const events = EventStore("shop", { adapter: "memory:" });
    const counts = Aggregate("villas", {
      eventStore: events,
      adapter: "memory:",
      fields: { n: "integer" },
      scopes: { none: { n: -1 } },
      defaultScopes: ["none"],
    })
      .on("villa.listed")
      .create("desk.row");
    const desk = {
      name: "desk",
      mixins: [events.mixin(), counts.mixin()],
      actions: { row: async (ctx: Context) => ({ id: ctx.id, n: await ctx.call<number>("villas.count") }) },
    };
    const broker = await startBroker([desk]);
    for (const id of ["a", "b"])
      await broker.call("shop.append", { stream: `villa-${id}`, events: [{ type: "villa.listed", payload: {} }] });
    await caughtUp(broker, "villas");
    const found: { n: number }[] = await broker.call("villas.find", { scope: false, sort: "n" });
    expect(found.map(({ n }) => n)).toEqual([0, 1]);
    expect(await broker.call("villas.count")).toBe(0);
  });

  it("ask the method checkScopeAuthority of the service", async () => {
    const asked: unknown[] = [];
    const broker = await start({
      defaultScopes: ["own"],
      service: {
        methods: {
          checkScopeAuthority(ctx: Context<unknown, { user?: string }>, name, operation) {
            asked.push([name, operation]);
            return operation === "add" ? name === "open" : ctx.meta.user === "admin";
          },
        },
      },
    });
    expect(await find(broker, { scope: false }, "Ann")).toEqual(["1", "3"]);
    expect(await find(broker, { scope: "open" }, "Ann")).toEqual(["1"]);
    expect(await find(broker, { scope: false }, "admin")).toEqual(["1", "2", "3"]);
    expect(await refusal(() => find(broker, { scope: "ben" }, "admin"))).toMatchObject({
      code: 422,
      message: 'scope: found "ben", expected a scope that the caller may use',
    });
    expect(asked).toContainEqual(["own", "remove"]);
    expect(asked).toContainEqual(["open", "add"]);
  });

  it("never take another caller's answer from the cacher", async () => {
    const broker = await start({ defaultScopes: ["own"] }, { cacher: "Memory" });
    for (const user of ["Ann", "Ben", "Ann"])
      expect(await find(broker, {}, user)).toEqual(user === "Ann" ? ["1", "3"] : ["2"]);
    const other = await start({ scopes: { open: { status: "open" } } }, { cacher: "Memory" });
    for (const scope of ["open", false, "open"])
      expect(await find(other, { scope })).toEqual(scope === false ? ["1", "2", "3"] : ["1", "2"]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      "an unknown scope",
      "opened",
      /scope: found "opened", expected false, or one of the scopes open, ben, own \(did you mean open\?\)/,
    ],
    ["one among others", ["open", "toString"], /scope: found "toString"/],
    ["a number", 5, /scope: found 5/],
    ["an object", { status: "open" }, /scope: found an object/],
  ])("refuse %s", async (_, scope, message) => {
    const broker = await start({});
    const error = await refusal(() => find(broker, { scope }));
    expect(error).toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
    expect(error.message).toMatch(message);
  });

  it("of a table without any are refused by name", async () => {
    const broker = await start({ scopes: {} });
    expect(await refusal(() => find(broker, { scope: "open" }))).toMatchObject({
      message: 'scope: found "open", expected none: villas has no scopes',
    });
    expect(await find(broker, { scope: false })).toHaveLength(3);
  });

  it.each<[string, object, RegExp]>([
    ["no object", { scopes: ["open"] }, /villas\.scopes: found/],
    ["no query", { scopes: { open: "open" } }, /villas\.scopes\.open: found "open", expected a query, or a function/],
    ["a field that the table does not have", { scopes: { open: { state: "open" } } }, /villas\.scopes\.open.*state/],
    [
      "an unknown default",
      { defaultScopes: ["opened"] },
      /villas\.defaultScopes\.0: found "opened".*did you mean open/,
    ],
    ["no list of defaults", { defaultScopes: "open" }, /villas\.defaultScopes: found "open"/],
  ])("are refused at the definition: %s", async (_, options, message) => {
    const error = await refusal(() => start(options));
    expect(error).toMatchObject({ type: "DEFINITION" });
    expect(error.message).toMatch(message);
  });
});
