import { Aggregate, EventStore, type AggregateOptions, type AnyEvents } from "moleculer-event-sourcing";
import type { BrokerOptions, ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const fields = { owner: "string", price: "integer" } as const;
type Service = NonNullable<AggregateOptions<AnyEvents, typeof fields>["service"]>;
type Row = { id: string; owner: string; price: number };

async function start(
  service: Service,
  options: Partial<AggregateOptions<AnyEvents, typeof fields>> = {},
  brokerOptions: BrokerOptions = {},
): Promise<ServiceBroker> {
  const events = EventStore("shop", { adapter: "memory:" });
  const villas = Aggregate("villas", { eventStore: events, adapter: "memory:", fields, service, ...options })
    .on("villa.opened")
    .create(({ payload }) => payload as { owner: string });
  const desk = {
    name: "desk",
    mixins: [events.mixin(), villas.mixin()],
    actions: { open: events.mapAction("villa.opened", { stream: "new" }) },
  };
  const broker = await startBroker([desk], brokerOptions);
  for (const [id, owner] of ["Ann", "Ben", "Ann"].entries())
    await broker.call("desk.open", { id: String(id + 1), owner, price: 10 * (id + 1) });
  await caughtUp(broker, "villas");
  return broker;
}

const as = (user: string) => ({ meta: { user } });
const ownersOf = (rows: Row[]) => rows.map(({ owner }) => owner);

const onlyOwn: Service = {
  hooks: {
    before: {
      "find|list|count": (ctx) => {
        ctx.params.query = { $and: [ctx.params.query ?? {}, { owner: ctx.meta.user }] };
      },
    },
    after: {
      "get|resolve": (ctx, row: Row | null) => (row?.owner === ctx.meta.user ? row : null),
    },
  },
};

describe("The option service of an aggregate", () => {
  it("filters by the user, in hooks", async () => {
    const broker = await start(onlyOwn);
    expect(ownersOf(await broker.call<Row[], object>("villas.find", {}, as("Ann")))).toEqual(["Ann", "Ann"]);
    expect(await broker.call("villas.list", { query: { owner: "Ben" } }, as("Ann"))).toMatchObject({ total: 0 });
    expect(await broker.call("villas.count", {}, as("Ben"))).toBe(1);
    expect(await broker.call("villas.get", { id: "2" }, as("Ann"))).toBeNull();
    expect(await broker.call("villas.get", { id: "2" }, as("Ben"))).toMatchObject({ owner: "Ben" });
  });

  it("never takes an answer to another user from the cacher: before hooks run after it", async () => {
    const broker = await start(onlyOwn, {}, { cacher: "Memory" });
    for (const user of ["Ann", "Ben", "Ann"])
      expect(new Set(ownersOf(await broker.call<Row[], object>("villas.find", {}, as(user))))).toEqual(new Set([user]));
  });

  it("caches an action with hooks if it has keys, which are added to the action's own", async () => {
    const asked: string[] = [];
    const service: Service = {
      ...onlyOwn,
      actions: { find: { cache: { keys: ["#user"] }, hooks: { before: (ctx) => void asked.push(ctx.meta.user) } } },
    };
    const broker = await start(service, {}, { cacher: "Memory" });
    for (const user of ["Ann", "Ben", "Ann"])
      expect(new Set(ownersOf(await broker.call<Row[], object>("villas.find", {}, as(user))))).toEqual(new Set([user]));
    expect(await broker.call<Row[], object>("villas.find", { limit: 1 }, as("Ann"))).toHaveLength(1);
    expect(await broker.call<Row[], object>("villas.find", { fields: "id" }, as("Ann"))).toEqual([
      { id: "1" },
      { id: "3" },
    ]);
    expect(asked).toEqual(["Ann", "Ben", "Ann", "Ann"]);
  });

  it("has actions, methods, events, settings and lifecycle handlers of its own", async () => {
    const seen: string[] = [];
    const broker = await start({
      settings: { rest: "/houses", currency: "EUR" },
      metadata: { team: "sales" },
      actions: {
        dearest: {
          rest: "GET /dearest",
          async handler(ctx) {
            const [row] = await this._find(ctx, { sort: ["-price"], limit: 1 });
            return { ...row, currency: this.settings["currency"] };
          },
        },
        total: (ctx) => ctx.call("villas.count", { query: { owner: "Ann" } }),
      },
      events: { "villa.opened": () => void seen.push("event") },
      created: () => void seen.push("created"),
      async started() {
        seen.push(`started with ${await this._count(this.broker.ContextFactory.create(this.broker), {})}`);
      },
      stopped: [() => void seen.push("stopped")],
    });
    expect(await broker.call("villas.dearest")).toEqual({ id: "3", owner: "Ann", price: 30, currency: "EUR" });
    expect(await broker.call("villas.total")).toBe(2);
    const service = broker.getLocalService("villas");
    expect(service.settings).toMatchObject({ rest: "/houses" });
    expect(service.metadata).toMatchObject({ team: "sales", $eventSourcing: { role: "table", store: "shop" } });
    await broker.stop();
    expect(seen.filter((one) => one !== "event")).toEqual(["created", "started with 0", "stopped"]);
    expect(seen).toContain("event");
  });

  it("removes an action of the table, and narrows one", async () => {
    const broker = await start({ actions: { count: false, list: { visibility: "published", rest: "GET /all" } } });
    expect(await refusal(() => broker.call("villas.count"))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    expect(await broker.call("villas.list")).toMatchObject({ total: 3 });
    expect(broker.getLocalService("villas").schema.actions!["list"]).toMatchObject({
      visibility: "published",
      rest: "GET /all",
    });
    expect(await broker.call("villas.find")).toHaveLength(3);
  });

  it("merges mixins, whose parts are checked as its own", async () => {
    const mixin = { methods: { hello: () => "hello" }, actions: { hello: { handler: () => "hello" } } };
    const broker = await start({ mixins: [mixin] });
    expect(await broker.call("villas.hello")).toBe("hello");
    const bad = await refusal(() => start({ mixins: [{ methods: { clearCache() {} } }] }));
    expect(bad).toMatchObject({ type: "DEFINITION", message: expect.stringMatching(/methods\.clearCache/) as string });
  });

  it("encodes and decodes ids, but not those of a transform's own view", async () => {
    const events = EventStore("shop", { adapter: "memory:" });
    const seen: unknown[] = [];
    const villas = Aggregate("villas", {
      eventStore: events,
      adapter: "memory:",
      fields: { n: "integer" },
      service: {
        methods: {
          encodeID: (id) => `v-${id}`,
          decodeID: (id) => String(id).slice(2),
        },
      },
    })
      .on("villa.opened")
      .create(({ payload }) => ({ ...payload, n: 0 }))
      .on("villa.painted")
      .update("desk.paint");
    const broker = await startBroker([
      {
        name: "desk",
        mixins: [events.mixin(), villas.mixin()],
        actions: {
          open: events.mapAction("villa.opened", { stream: "new" }),
          repaint: events.mapAction("villa.painted", { stream: "new" }),
          async paint(ctx) {
            const rows: { id: string; n: number }[] = await ctx.call("villas.find");
            const row: { id: string; n: number } = await ctx.call("villas.get", { id: "1" });
            seen.push(rows[0], row);
            return { id: row.id, n: row.n + 1 };
          },
        },
      },
    ]);
    await broker.call("desk.open", { id: "1" });
    await broker.call("desk.repaint", { id: "1" });
    await caughtUp(broker, "villas");
    expect(seen).toEqual([
      { id: "1", n: 0 },
      { id: "1", n: 0 },
    ]);
    expect(await broker.call("villas.find")).toEqual([{ id: "v-1", n: 1 }]);
    expect(await broker.call("villas.list")).toMatchObject({ rows: [{ id: "v-1" }] });
    expect(await broker.call("villas.get", { id: "v-1" })).toEqual({ id: "v-1", n: 1 });
    expect(await broker.call("villas.resolve", { id: ["v-1"], mapping: true })).toEqual({
      "v-1": { id: "v-1", n: 1 },
    });
    expect(await broker.call("villas.at", { position: 1 })).toMatchObject({ rows: [{ id: "v-1", n: 0 }] });
  });

  it("fails the start of its broker if a started of its own fails", async () => {
    const failing = { started: () => Promise.reject(new Error("no mail server")) };
    expect(await refusal(() => start(failing))).toMatchObject({ message: "no mail server" });
    expect(await refusal(() => start({ mixins: [failing] }))).toMatchObject({ message: "no mail server" });
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", 5, /villas\.service: found 5/],
    ["a name", { name: "houses" }, /service\.name: found "houses", expected none: the service has the name/],
    ["a version", { version: 2 }, /service\.version/],
    ["rest beside settings", { rest: "/houses" }, /service\.rest: found "\/houses", expected settings: \{ rest \}/],
    ["an adapter", { adapter: {} }, /service\.adapter/],
    ["a setting that is an option", { settings: { pageSize: 5 } }, /settings\.pageSize.*the option pageSize/],
    ["a setting of the table", { settings: { idField: "_id" } }, /settings\.idField.*none/],
    ["metadata of the table", { metadata: { $eventSourcing: {} } }, /metadata\.\$eventSourcing/],
    ["a method of the table", { methods: { transformDocuments() {} } }, /methods\.transformDocuments/],
    ["an inner method", { methods: { evsFolds() {} } }, /methods\.evsFolds/],
    ["an inner action", { actions: { $parked: () => 1 } }, /actions\.\$parked/],
    ["a handler for an action of the table", { actions: { find: { handler: () => [] } } }, /actions\.find\.handler/],
    ["a function for one", { actions: { find: () => [] } }, /actions\.find: found function/],
    ["params for one", { actions: { find: { params: {} } } }, /actions\.find\.params/],
    ["options in two places", { actions: { get: { timeout: 5 } } }, /actions\.get.*either this or actions\.get/],
  ])("refuses %s", async (_, service, message) => {
    const error = await refusal(() => start(service as Service, { actions: { get: { timeout: 1000 } } }));
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message).toMatch(message);
  });
});
