import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { Context, ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

async function brokerWithRows(options: Parameters<typeof startBroker>[1] = {}): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
  const table = Aggregate("table", {
    eventStore: events,
    fields: { name: "string", size: "integer", source: "object" },
    populates: { name: "table.resolve" },
  })
    .on("thing.created")
    .create(({ id, payload }) => ({ id, ...payload }));
  const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }], options);
  await broker.call("events.append", {
    stream: "thing-1",
    events: ["a", "b"].map((id, size) => ({
      type: "thing.created",
      payload: { id, name: `${id}${id}`, size, source: { x: [id] } },
    })),
  });
  await caughtUp(broker, "table");
  return broker;
}

const mega = "x".repeat(4_000_000);
const all = ["a", "b"];
const idsOf = (rows: unknown) => (rows as { id: string }[]).map(({ id }) => id);

describe("A reading action's params", () => {
  it("have no effect where nothing of the action is named like them", async () => {
    const broker = await brokerWithRows({ cacher: "Memory" });
    const strangers = { utm_source: "x", _: "1", lang: "en", [mega]: mega };
    expect(idsOf(await broker.call("table.find", strangers))).toEqual(all);
    expect(await broker.call("table.list", { ...strangers, pageSize: 1 })).toMatchObject({ total: 2, pageSize: 1 });
    expect(await broker.call("table.count", strangers)).toBe(2);
    expect(await broker.call("table.get", { ...strangers, id: "a" })).toMatchObject({ id: "a" });
    expect(await broker.call("table.resolve", { ...strangers, id: "z" })).toBeNull();
    expect(await broker.call("events.count", strangers)).toBe(2);
    const again = broker.call("table.find", { utm_source: "y" }) as Promise<unknown> & { ctx?: Context };
    await again;
    expect(again.ctx?.cachedResult).toBe(true);
  });

  it.each<[string, object, string, string]>([
    ["find", { qurey: {} }, "qurey", "did you mean query?"],
    ["find", { Limit: 1 }, "Limit", "did you mean limit?"],
    ["find", { sorts: "name" }, "sorts", "did you mean sort?"],
    ["find", { page: 2 }, "page", "one of the params"],
    ["list", { page_size: 1 }, "page_size", "did you mean pageSize?"],
    ["list", { limit: 1 }, "limit", "one of the params"],
    ["count", { serach: "x" }, "serach", "did you mean search?"],
    ["get", { id: "a", query: {} }, "query", "one of the params"],
    ["resolve", { id: "a", maping: true }, "maping", "did you mean mapping?"],
  ])("of %s are refused where one is nearly known: %j", async (action, params, field, expected) => {
    const broker = await brokerWithRows({ cacher: "Memory" });
    // A cached result must not hide it.
    await broker.call(`table.${action}`, "id" in params ? { id: params.id } : {});
    for (const service of ["table", "events"]) {
      const error = await refusal(() => broker.call(`${service}.${action}`, params));
      expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422, data: [{ field }] });
      expect(error.message).toContain(expected);
    }
  });

  it.each<[string, object, string]>([
    ["find", { limit: 1e300 }, "limit"],
    ["find", { offset: "1".repeat(5000) }, "offset"],
    ["find", { limit: {} }, "limit"],
    ["find", { limit: [2] }, "limit"],
    ["find", { limit: true }, "limit"],
    ["find", { limit: new Date(2) }, "limit"],
    ["find", { limit: "" }, "limit"],
    ["find", { offset: " " }, "offset"],
    ["find", { offset: "0x1" }, "offset"],
    ["find", { limit: "1e0" }, "limit"],
    ["list", { page: [1] }, "page"],
    ["list", { pageSize: " 1" }, "pageSize"],
    ["count", { limit: [1] }, "limit"],
    ["get", { id: Array.from({ length: 10_001 }, (_, n) => n) }, "id"],
    ["resolve", { id: Array.from({ length: 100_001 }, () => "a") }, "id"],
    ["find", { populate: "name.name.name.name" }, "populate"],
    ["list", { page: 1e300 }, "page"],
    ["list", { page: Number.MAX_SAFE_INTEGER, pageSize: 100 }, "page"],
    ["list", { pageSize: -1 }, "pageSize"],
    ["find", { fields: [1] }, "fields"],
    ["find", { fields: mega }, "fields"],
    ["find", { excludeFields: Array.from({ length: 300 }, () => "a") }, "excludeFields"],
    ["find", { excludeFields: ["a.".repeat(400)] }, "excludeFields"],
    ["find", { populate: "size" }, "populate"],
    ["find", { populate: mega }, "populate"],
    ["find", { search: {} }, "search"],
    ["find", { search: mega }, "search"],
    ["find", { sort: mega }, "sort"],
    ["find", { query: new Map() }, "query"],
    ["find", { query: `{"name":"${"x".repeat(4_000_000)}"}` }, "query"],
    ["find", { query: mega.slice(0, 1_000_000) }, "query"],
    ["find", { query: "[".repeat(100_000) + "]".repeat(100_000) }, "query"],
    ["count", { query: 1 }, "query"],
    ["get", { id: {} }, "id"],
    ["get", { id: [["a"]] }, "id"],
    ["get", { id: [null] }, "id"],
    ["get", { id: NaN }, "id"],
    ["get", { id: mega }, "id"],
    ["resolve", { id: new Map() }, "id"],
    ["get", { id: "a", mapping: "yes" }, "mapping"],
    ["resolve", { id: "a", throwIfNotExist: 1 }, "throwIfNotExist"],
  ])("of %s are refused beyond their bounds, with a bounded error (%#)", async (action, params, field) => {
    const broker = await brokerWithRows({ cacher: "Memory" });
    for (const service of field === "populate" ? ["table"] : ["table", "events"]) {
      const error = await refusal(() => broker.call(`${service}.${action}`, params));
      expect(error).toMatchObject({ code: 422 });
      const [problem] = error.data as { field: string }[];
      expect(problem).toMatchObject({ field });
      expect(JSON.stringify([error.message, error.data]).length).toBeLessThan(3000);
    }
  });

  it("are taken as text from a URL, and as empty where they say nothing", async () => {
    const broker = await brokerWithRows();
    expect(
      idsOf(await broker.call("table.find", { limit: "1", offset: "1", sort: "", fields: "", query: "{}" })),
    ).toEqual(["b"]);
    expect(await broker.call("table.find", { fields: "id,", excludeFields: "", populate: null })).toEqual([
      { id: "a" },
      { id: "b" },
    ]);
    expect(await broker.call("table.get", { id: ["a"], mapping: "true", fields: ["size", "size"] })).toEqual({
      a: { size: 0 },
    });
    expect(await broker.call("table.list", { page: "2", pageSize: "1" })).toMatchObject({ page: 2, total: 2 });
  });

  it("name each document once, however often its id is repeated", async () => {
    const broker = await brokerWithRows();
    const id = ["b", ...Array.from({ length: 8000 }, () => "a"), "z", "b"];
    expect(idsOf(await broker.call("table.get", { id }))).toEqual(["b", "a"]);
    expect(Object.keys(await broker.call("table.resolve", { id, mapping: true }))).toEqual(["b", "a"]);
    expect(idsOf(await broker.call("table.resolve", { id: ["a", "a"], throwIfNotExist: true }))).toEqual(["a"]);
    expect(await refusal(() => broker.call("table.resolve", { id, throwIfNotExist: true }))).toMatchObject({
      code: 404,
    });
    const [event] = (await broker.call("events.find", { limit: 1 })) as { id: string }[];
    const spellings = [event!.id, event!.id.toUpperCase(), event!.id];
    expect(await broker.call("events.resolve", { id: spellings, throwIfNotExist: true })).toEqual([event]);
  });

  it("that populate are refused with the path that was sent, by whichever service it is", async () => {
    const broker = await brokerWithRows();
    await broker.call("events.append", {
      stream: "thing-1",
      events: [{ type: "thing.created", payload: { id: "c", name: "a" } }],
    });
    await caughtUp(broker, "table");
    for (const populate of ["name.size", "name.name.size"]) {
      const error = await refusal(() => broker.call("table.find", { query: { id: "c" }, populate }));
      expect(error).toMatchObject({ type: "VALIDATION_ERROR", data: [{ field: "populate", actual: populate }] });
    }
    // "aa", the name of "a", is not a row.
    const [row] = (await broker.call("table.find", { query: { id: "c" }, populate: "name.name.name" })) as object[];
    expect(row).toMatchObject({ id: "c", name: { id: "a" } });
  });

  it("find no row by an id that none can have", async () => {
    const broker = await brokerWithRows();
    for (const id of ["a\0", "\ud800", "x".repeat(190), "", 5]) {
      expect(await refusal(() => broker.call("table.get", { id }))).toMatchObject({ code: 404, data: { id } });
      expect(await broker.call("table.resolve", { id: [id, "a"] })).toMatchObject([{ id: "a" }]);
    }
    const many = Array.from({ length: 5000 }, (_, index) => `none ${index}`);
    const error = await refusal(() => broker.call("table.resolve", { id: many, throwIfNotExist: true }));
    expect((error.data as { id: unknown[] }).id.length).toBeLessThan(100);
  });

  it("are named for those that read a node's actions, with their types", async () => {
    const broker = await brokerWithRows();
    const actions = broker.registry.getActionList({}) as { name: string; action?: { params?: object } }[];
    const params = actions.find(({ name }) => name === "table.list")?.action?.params;
    expect(Object.keys(params ?? {})).toEqual(expect.arrayContaining(["page", "pageSize", "query", "sort"]));
    expect(params).toMatchObject({
      page: expect.arrayContaining([expect.objectContaining({ type: "number", min: 1 })]),
    });
  });

  it.each(["tags", "condition", "partition", "category"])("are refused if the name is reserved: %s", async (name) => {
    const broker = await brokerWithRows();
    const data = [{ field: name, expected: "none: the name is reserved for a later release" }];
    for (const action of ["find", "list", "count"])
      expect(await refusal(() => broker.call(`table.${action}`, { [name]: ["a"] }))).toMatchObject({ code: 422, data });
  });

  it("of two patterns have two answers in the cache, or none", async () => {
    const broker = await brokerWithRows({ cacher: "Memory" });
    expect(idsOf(await broker.call("table.find", { query: { name: /a/ } }))).toEqual(["a"]);
    expect(idsOf(await broker.call("table.find", { query: { name: /b/ } }))).toEqual(["b"]);
  });
});

describe("A store's names and patterns", () => {
  it.each<[string, object, string]>([
    ["read", { stream: "a\0b" }, "stream"],
    ["read", { category: "a\u0001" }, "category"],
    ["read", { stream: "x".repeat(256) }, "stream"],
    ["streams", { category: "\0" }, "category"],
    ["streams", { after: "\0" }, "after"],
    ["read", { types: mega }, "types"],
    ["read", { types: ["a", "x".repeat(256)] }, "types.1"],
  ])("of %s are refused where no event has them (%#)", async (action, params, field) => {
    const broker = await brokerWithRows();
    const error = await refusal(() => broker.call(`events.${action}`, params));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", code: 422, data: [{ field }] });
    expect(JSON.stringify(error.data).length).toBeLessThan(3000);
  });

  it("of a read are matched in linear time", async () => {
    const broker = await brokerWithRows();
    await broker.call("events.append", { stream: "long", events: [{ type: "a".repeat(255), payload: {} }] });
    const types = ["**a".repeat(80) + "b", "thing.*"];
    expect(await eventsIn(broker.call("events.read", { types }))).toHaveLength(2);
  });
});
