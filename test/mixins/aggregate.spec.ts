import {
  Aggregate,
  EventStore,
  type AggregateOptions,
  type StoredAnswer,
  type FieldsInput,
  type ParkedEvent,
  type RecordedEvent,
  type TransformView,
} from "moleculer-event-sourcing";
import type { BrokerOptions, Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { openParams } from "../support/open-params.ts";
import { LogLines } from "./log-lines.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

type Row = Record<string, unknown>;
type Transform = (event: RecordedEvent, view: TransformView) => unknown;
type Mappings = (table: ReturnType<typeof newTable>) => ReturnType<typeof newTable>;

const fields = { name: "string", size: "integer", tags: "array", source: "object" } as const;

const newStore = () => EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });

/** `onError`: no retries, so that a failing event is parked at once. */
const newTable = (events = newStore(), options: Partial<AggregateOptions<never, FieldsInput>> = {}) =>
  Aggregate("table", { eventStore: events, fields, onError: { retries: 0 }, ...options });

/** A transform that the types cannot check: its result is the test's business. */
const as = (transform: Transform) => transform as (event: RecordedEvent, view: TransformView) => never;

async function brokerWith(
  mappings: Mappings,
  thing: Partial<ServiceSchema> = {},
  options: BrokerOptions & { table?: Partial<AggregateOptions<never, FieldsInput>> } = {},
): Promise<ServiceBroker> {
  const { table, ...brokerOptions } = options;
  const events = newStore();
  return startBroker(
    [{ name: "thing", mixins: [events.mixin(), mappings(newTable(events, table)).mixin()], ...thing }],
    brokerOptions,
  );
}

/** Appends one event; resolves when it is folded. */
async function fold(broker: ServiceBroker, type: string, payload: unknown = {}, stream = type): Promise<RecordedEvent> {
  const answer: StoredAnswer = await broker.call("events.append", { stream, events: [{ type, payload }] });
  await caughtUp(broker, "table");
  return answer.events[0]!;
}

const rowsOf = (broker: ServiceBroker, params: object = {}): Promise<Row[]> => broker.call("table.find", params);
const parkedOf = (broker: ServiceBroker): Promise<ParkedEvent[]> => eventsIn(broker.call("table.parked"));
/** The columns that a test does not set. */
const empty = { name: null, size: null, tags: null, source: null };

describe.each(["an action", "a function"])("With %s as transform, an aggregate", (form) => {
  /** Each mapping's transform returns the payload's `answer`. */
  const payload: Transform = (event) => (event.payload as { answer?: unknown }).answer;
  const transform = form === "an action" ? "thing.transform" : as(payload);
  const thing = {
    actions: { transform: (ctx: Context<RecordedEvent>) => payload(ctx.params, {} as TransformView) },
  };
  const everyOperation: Mappings = (table) =>
    table
      .on("thing.created")
      .create(transform)
      .on("things.created")
      .createMany(transform)
      .on("thing.updated")
      .update(transform)
      .on("things.updated")
      .updateMany(transform)
      .on("thing.removed")
      .remove(transform);
  const start = () => brokerWith(everyOperation, thing);
  const answering = (broker: ServiceBroker, type: string, answer: unknown) => fold(broker, type, { answer });

  it("creates rows", async () => {
    const broker = await start();
    await answering(broker, "thing.created", { id: "1", name: "x", size: 3, tags: ["a"], source: { from: [1] } });
    await answering(broker, "things.created", [{ id: "2", name: "y" }, { id: "3" }]);
    expect(await rowsOf(broker)).toEqual([
      { id: "1", name: "x", size: 3, tags: ["a"], source: { from: [1] } },
      { ...empty, id: "2", name: "y" },
      { ...empty, id: "3" },
    ]);
  });

  it("merges updates into rows, and creates those that are not there", async () => {
    const broker = await start();
    await answering(broker, "things.created", [
      { id: "1", name: "x", size: 1 },
      { id: "2", name: "y", size: 2 },
    ]);
    await answering(broker, "thing.updated", { id: "1", size: 10 });
    await answering(broker, "things.updated", [
      { id: "2", name: null, tags: ["b"] },
      { id: "3", name: "z" },
    ]);
    await answering(broker, "thing.updated", { id: "4", size: 4 });
    expect(await rowsOf(broker)).toEqual([
      { ...empty, id: "1", name: "x", size: 10 },
      { ...empty, id: "2", size: 2, tags: ["b"] },
      { ...empty, id: "3", name: "z" },
      { ...empty, id: "4", size: 4 },
    ]);
  });

  it("removes rows by id, by row or by a list of both, and minds none that is absent", async () => {
    const broker = await start();
    await answering(
      broker,
      "things.created",
      ["1", "2", "3", "4", "5"].map((id) => ({ id })),
    );
    await answering(broker, "thing.removed", "1");
    await answering(broker, "thing.removed", { id: "2", name: "any" });
    await answering(broker, "thing.removed", ["3", { id: "4" }, "9"]);
    await answering(broker, "thing.removed", "9");
    expect(await rowsOf(broker)).toEqual([{ ...empty, id: "5" }]);
    expect(await parkedOf(broker)).toEqual([]);
  });

  it("parks the event where a transform answers nothing at all: its return was forgotten", async () => {
    const broker = await start();
    await answering(broker, "thing.created", undefined);
    expect(await parkedOf(broker)).toMatchObject([
      { error: { type: "INVALID_ROW", message: expect.stringMatching(/or null to change nothing/) as string } },
    ]);
  });

  it("changes nothing where the answer is null or an empty list", async () => {
    const broker = await start();
    await answering(broker, "thing.created", { id: "1" });
    for (const type of ["thing.created", "thing.updated", "things.created", "things.updated", "thing.removed"])
      await answering(broker, type, null);
    for (const type of ["things.created", "things.updated", "thing.removed"]) await answering(broker, type, []);
    expect(await rowsOf(broker)).toEqual([{ ...empty, id: "1" }]);
    expect(await parkedOf(broker)).toEqual([]);
  });

  it("gives rows without an id that of the entity, and those of createMany one of the event", async () => {
    const broker = await start();
    const withoutEntity = await answering(broker, "thing.created", { name: "none" });
    await fold(broker, "thing.created", { answer: { name: "one" } }, "thing-7");
    await fold(broker, "thing.updated", { answer: { id: null, size: 2 } }, "thing-7");
    await fold(broker, "thing.created", { answer: { name: "removed" } }, "thing-8");
    await fold(broker, "thing.removed", { answer: {} }, "thing-8");
    const many = await answering(broker, "things.created", [
      { name: "many 0" },
      { id: "own", name: "many 1" },
      { name: "many 2" },
    ]);
    const ids = Object.fromEntries((await rowsOf(broker)).map(({ id, name }) => [name, id]));
    expect(ids).toEqual({
      none: withoutEntity.id,
      one: "7",
      "many 0": `${many.id}-0`,
      "many 1": "own",
      "many 2": `${many.id}-2`,
    });
    expect(await broker.call("table.get", { id: "7" })).toMatchObject({ name: "one", size: 2 });
    const update = await answering(broker, "thing.updated", { name: "two" });
    const updates = await fold(broker, "things.updated", { answer: [{ name: "x" }] }, "thing-7");
    expect(await parkedOf(broker)).toMatchObject([
      { id: update.id, error: { type: "VALIDATION_ERROR" } },
      { id: updates.id, error: { type: "INVALID_ROW" } },
    ]);
  });

  it("parks an event that creates a row with a known id, and writes none of its rows", async () => {
    const broker = await start();
    await answering(broker, "thing.created", { id: "1", name: "first" });
    const twin = await answering(broker, "things.created", [{ id: "2" }, { id: "1", name: "second" }, { id: "3" }]);
    expect(await rowsOf(broker)).toEqual([{ ...empty, id: "1", name: "first" }]);
    expect(await parkedOf(broker)).toMatchObject([
      { id: twin.id, error: { name: "DuplicateRowError", type: "DUPLICATE_ROW", code: 409 } },
    ]);
  });
});

describe("An aggregate", () => {
  it("hands an action the recorded event, and the chain's ids in meta", async () => {
    const contexts: Context<RecordedEvent>[] = [];
    const broker = await brokerWith((table) => table.on("thing.created").create("thing.transform"), {
      actions: { transform: (ctx: Context<RecordedEvent>) => (contexts.push(ctx), null) },
    });
    await broker.call(
      "events.append",
      { stream: "thing-1", events: [{ type: "thing.created", payload: { a: [1] } }] },
      { requestID: "request-7" },
    );
    await caughtUp(broker, "table");
    const [stored]: RecordedEvent[] = await broker.call("events.find");
    expect(contexts).toHaveLength(1);
    expect(contexts[0]!.params).toEqual(stored);
    expect(contexts[0]!.requestID).toBe("request-7");
    expect(contexts[0]!.meta).toMatchObject({ correlationId: "request-7", causationId: stored!.id });
  });

  it("hands its transforms an event that they cannot change", async () => {
    const attempts: boolean[] = [];
    const names: unknown[] = [];
    const broker = await brokerWith((table) =>
      table
        .on("thing.created")
        .create(
          as(({ payload }) => {
            attempts.push(Reflect.set(payload, "name", "forged"));
            return null;
          }),
        )
        .on("thing.created")
        .create(as(({ payload }) => (names.push(payload["name"]), null))),
    );
    await fold(broker, "thing.created", { name: "x" });
    expect(attempts).toEqual([false]);
    expect(names).toEqual(["x"]);
  });

  it("runs every mapping of an event, in declared order, each seeing what those before it did", async () => {
    const seen: unknown[] = [];
    const look = (label: string, answer: unknown) =>
      as(async (_event, view) => {
        seen.push([label, (await view.find()).map(({ name }) => name)]);
        return answer;
      });
    const broker = await brokerWith((table) =>
      table
        .on("thing.created")
        .create(look("create", { id: "1", name: "a" }))
        .on("thing.*")
        .update(look("update", { id: "1", name: "b" }))
        .on("**")
        .remove(look("remove", "9"))
        .on("thing.created")
        .createMany(look("createMany", [{ id: "2", name: "c" }])),
    );
    await fold(broker, "thing.created");
    expect(seen).toEqual([
      ["create", []],
      ["update", ["a"]],
      ["remove", ["b"]],
      ["createMany", ["b"]],
    ]);
    expect((await rowsOf(broker)).map(({ name }) => name)).toEqual(["b", "c"]);
  });

  it("adds its ordinal to the ids that a further mapping of the same event gives", async () => {
    const named = (name: string) => as(() => ({ name }));
    const broker = await brokerWith((table) =>
      table
        .on("thing.created")
        .create(named("first"))
        .on("other.created")
        .create(named("elsewhere"))
        .on("thing.*")
        .create(named("second"))
        .on("thing.created")
        .createMany(as(() => [{ name: "third 0" }, { name: "third 1" }])),
    );
    const { id } = await fold(broker, "thing.created");
    const ids = Object.fromEntries((await rowsOf(broker)).map((row) => [row["name"], row["id"]]));
    expect(ids).toEqual({ first: id, second: `${id}:2`, "third 0": `${id}:3-0`, "third 1": `${id}:3-1` });
  });

  it("writes nothing of an event when its second mapping fails, and all of its neighbours", async () => {
    const ran: string[] = [];
    const broker = await brokerWith((table) =>
      table
        .on("thing.*")
        .createMany(as(({ position }) => [{ name: `first ${position}` }, { name: `first too ${position}` }]))
        .on("thing.bad")
        .update(
          as(() => {
            throw new Error("second");
          }),
        )
        .on("thing.bad")
        .create(as(() => (ran.push("third"), { name: "third" }))),
    );
    await broker.call("events.append", {
      stream: "thing-1",
      events: [{ type: "thing.good", payload: {} }],
    });
    const types = ["thing.good", "thing.bad", "thing.good"];
    await Promise.all(
      types.map((type, n) => broker.call("events.append", { stream: `thing-${n}`, events: [{ type, payload: {} }] })),
    );
    await caughtUp(broker, "table");
    expect((await rowsOf(broker)).map(({ name }) => name)).toEqual(
      ["1", "2", "4"].flatMap((position) => [`first ${position}`, `first too ${position}`]),
    );
    expect(await parkedOf(broker)).toMatchObject([{ position: 3, error: { message: "second" } }]);
    expect(ran).toEqual([]);
  });

  it.each([
    ["thing.created", ["thing.created"]],
    ["thing.*", ["thing.created", "thing.removed"]],
    ["*.created", ["thing.created", "other.created"]],
    ["thing.**", ["thing.created", "thing.address.changed", "thing.removed"]],
    ["**", ["thing.created", "thing.address.changed", "other.created", "thing.removed", "lonely"]],
    ["*", ["lonely"]],
    ["thing.remove?", ["thing.removed"]],
  ])("folds for %s the types that Moleculer would match", async (pattern, expected) => {
    const broker = await brokerWith((table) => table.on(pattern as "**").create(as(({ type }) => ({ name: type }))));
    const types = ["thing.created", "thing.address.changed", "other.created", "thing.removed", "lonely"];
    await broker.call("events.append", { stream: "any", events: types.map((type) => ({ type, payload: {} })) });
    await caughtUp(broker, "table");
    expect((await rowsOf(broker)).map(({ name }) => name)).toEqual(expected);
  });

  it("folds the same rows whenever and in whatever batches it is folded", async () => {
    const events = newStore();
    const folder = newFolder();
    const mapped = (n: number) =>
      Aggregate(`table${n}`, { eventStore: events, adapter: `sqlite:${folder}/${n}.db`, fields })
        .on("thing.*")
        .create(as(({ id, position }) => ({ id, size: position })))
        .on("thing.*")
        .createMany(as(({ position }) => [{ size: position }]))
        .on("thing.*")
        .updateMany(as(({ position }) => [{ id: `${position % 7}`, size: position }]))
        .on("thing.removed")
        .remove(as(({ position }) => String((position + 3) % 7)));
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), mapped(1).mixin()] }]);
    for (let n = 0; n < 20; n++) {
      const type = n % 5 === 4 ? "thing.removed" : "thing.created";
      await broker.call("events.append", { stream: `thing-${n % 3}`, events: [{ type, payload: {} }] });
      if (n % 2) await caughtUp(broker, "table1");
    }
    await caughtUp(broker, "table1");
    const late = broker.createService({ name: "late", mixins: [mapped(2).mixin()] });
    await broker.waitForServices(late.name, 10_000, 20);
    await caughtUp(broker, "table2");
    const rows: Row[] = await broker.call("table1.find");
    expect(rows.length).toBeGreaterThan(40);
    expect(await broker.call("table2.find")).toEqual(rows);
  });

  // Without notifications, a hundred and fifty polls of a second each would exceed the test's time.
  it("wakes with each append", async () => {
    const broker = await brokerWith((table) => table.on("thing.created").create(as(({ payload }) => payload)));
    for (let n = 1; n <= 150; n++) await fold(broker, "thing.created", { size: n });
    expect(await broker.call("table.count")).toBe(150);
  }, 120_000);

  it("lets one option restrict the callers of its actions", async () => {
    const broker = await brokerWith(
      (table) => table.on("thing.created").create(as(({ payload }) => payload)),
      {},
      {
        table: {
          actions: {
            skip: { visibility: "private" },
            count: { visibility: "protected" },
            status: { visibility: "published" },
          },
        },
      },
    );
    const visibilityOf = (action: string) =>
      (broker.getLocalService("table")?.schema.actions?.[action] as { visibility?: string } | undefined)?.visibility;
    expect(["skip", "count", "status", "find"].map(visibilityOf)).toEqual([
      "private",
      "protected",
      "published",
      "public",
    ]);
    expect(await refusal(() => broker.call("table.skip", { id: "1" }))).toMatchObject({ type: "SERVICE_NOT_FOUND" });
    expect(await broker.call("table.count")).toBe(0);
  });

  it.each(["create", "insert", "update", "remove"])("has no action %s", async (action) => {
    const broker = await brokerWith((table) => table.on("thing.created").create(as(({ payload }) => payload)));
    await fold(broker, "thing.created", { id: "1", name: "x" });
    const error = await refusal(() => broker.call(`table.${action}`, { id: "1", name: "forged", entity: {} }));
    expect(error).toMatchObject({ type: "SERVICE_NOT_FOUND", code: 404 });
    expect(await rowsOf(broker)).toEqual([{ ...empty, id: "1", name: "x" }]);
  });
});

describe("An aggregate's queries", () => {
  const colours = ["red", "green", "blue"];
  /** Twelve rows, "01" to "12". */
  async function brokerWithTwelve(options: Partial<AggregateOptions<never, FieldsInput>> = {}): Promise<ServiceBroker> {
    const broker = await brokerWith(
      (table) => table.on("thing.created").createMany(as(({ payload }) => payload["rows"])),
      {},
      { table: options },
    );
    const rows = Array.from({ length: 12 }, (_, index) => ({
      id: String(index + 1).padStart(2, "0"),
      name: `${colours[index % 3]} ${"abcdefghijkl"[index]}`,
      size: index < 10 ? index + 1 : null,
      tags: [colours[index % 3]],
      source: { place: { row: index % 4 } },
    }));
    await fold(broker, "thing.created", { rows });
    return broker;
  }
  const idsOf = (rows: Row[]) => rows.map(({ id }) => Number(id));

  it.each<[string, object, number[]]>([
    ["nothing but an equal field", { query: { name: "red a" } }, [1]],
    ["a field without value", { query: { size: null } }, [11, 12]],
    ["operators", { query: { size: { $gt: 2, $lte: 4 } } }, [3, 4]],
    ["a choice", { query: { $or: [{ size: { $in: [1, 2] } }, { id: "12" }] } }, [1, 2, 12]],
    ["a negation", { query: { $not: { size: { $exists: true } } } }, [11, 12]],
    ["a path into an object", { query: { "source.place.row": 3 } }, [4, 8, 12]],
    ["an element of an array", { query: { tags: "blue", size: { $lt: 7 } } }, [3, 6]],
    ["a regular expression", { query: { name: { $regex: "^BLUE", $options: "i" } } }, [3, 6, 9, 12]],
    ["a query as JSON text", { query: '{"size":{"$gte":9}}' }, [9, 10]],
    ["the order of ids, where none is asked for", {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["a descending order", { sort: "-size", limit: 3 }, [10, 9, 8]],
    ["an order by two fields, one of them a path", { sort: "-source.place.row,-id", limit: 4 }, [12, 8, 4, 11]],
    ["an order by an element of an array", { sort: "tags.0 -size", query: { size: { $gt: 6 } } }, [9, 8, 10, 7]],
    ["a limit and an offset", { limit: 2, offset: 5 }, [6, 7]],
    ["a limit and an offset as text", { limit: "2", offset: "5" }, [6, 7]],
    ["a search in any letter case", { search: "GREEN" }, [2, 5, 8, 11]],
    ["a search in some fields", { search: "green", searchFields: ["id", "size"] }, []],
    ["a search in some fields, as text", { search: "red", searchFields: "name,id", limit: 2 }, [1, 4]],
    ["a search together with a query", { search: "green", query: { size: { $lt: 6 } } }, [2, 5]],
  ])("find by %s", async (_what, params, expected) => {
    const broker = await brokerWithTwelve();
    expect(idsOf(await rowsOf(broker, params))).toEqual(expected);
  });

  it("find the fields that are asked for, or all but some", async () => {
    const broker = await brokerWithTwelve();
    const query = { id: "05" };
    expect(await rowsOf(broker, { query, fields: ["name", "source.place.row"] })).toEqual([
      { name: "green e", source: { place: { row: 0 } } },
    ]);
    expect(await rowsOf(broker, { query, fields: "id, size" })).toEqual([{ id: "05", size: 5 }]);
    expect(await rowsOf(broker, { query, excludeFields: ["source", "tags"] })).toEqual([
      { id: "05", name: "green e", size: 5 },
    ]);
    expect(await rowsOf(broker, { query, excludeFields: "source tags name" })).toEqual([{ id: "05", size: 5 }]);
  });

  it("list with the number of all rows, on a full page, a short one and beyond the last", async () => {
    const broker = await brokerWithTwelve();
    for (const [pageSize, pages] of [
      [5, [5, 5, 2, 0]],
      [6, [6, 6, 0]],
      [20, [12, 0]],
    ] as const)
      for (const [index, count] of pages.entries()) {
        const page = await broker.call<{ rows: Row[]; total: number }, object>("table.list", {
          page: index + 1,
          pageSize,
        });
        expect([page.rows.length, page.total]).toEqual([count, 12]);
      }
  });

  it("list page by page", async () => {
    const broker = await brokerWithTwelve();
    type Page = { rows: Row[]; total: number; page: number; pageSize: number; totalPages: number };
    const list = (params: object = {}): Promise<Page> => broker.call("table.list", params);
    const { rows, ...first } = await list();
    expect(first).toEqual({ total: 12, page: 1, pageSize: 10, totalPages: 2 });
    expect(idsOf(rows)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(idsOf((await list({ page: 2 })).rows)).toEqual([11, 12]);
    expect(idsOf((await list({ page: 3 })).rows)).toEqual([]);
    const some = await list({
      page: "2",
      pageSize: "3",
      sort: "-id",
      query: { size: { $exists: true } },
      fields: "id",
    });
    expect(some).toEqual({
      rows: [{ id: "07" }, { id: "06" }, { id: "05" }],
      total: 10,
      page: 2,
      pageSize: 3,
      totalPages: 4,
    });
    expect(await list({ search: "blue", pageSize: 1 })).toMatchObject({
      total: 4,
      totalPages: 4,
      rows: [{ id: "03" }],
    });
  });

  it("keep to the settings pageSize, maxPageSize, maxLimit and excludeFields", async () => {
    const broker = await brokerWithTwelve({
      pageSize: 2,
      maxPageSize: 5,
      maxLimit: 7,
      excludeFields: ["source", "tags"],
    });
    expect(await broker.call("table.list")).toMatchObject({ pageSize: 2, totalPages: 6 });
    expect(await broker.call("table.list", { pageSize: 50 })).toMatchObject({ pageSize: 5, totalPages: 3 });
    expect(await rowsOf(broker, { limit: 50 })).toHaveLength(7);
    expect(await rowsOf(broker, { limit: 1 })).toEqual([{ id: "01", name: "red a", size: 1 }]);
  });

  it("answer no more rows than maxLimit where no limit is asked for", async () => {
    const broker = await brokerWithTwelve({ maxLimit: 7 });
    expect(await rowsOf(broker)).toHaveLength(7);
  });

  it("count with and without a condition, whatever limit is given", async () => {
    const broker = await brokerWithTwelve();
    expect(await broker.call("table.count")).toBe(12);
    expect(await broker.call("table.count", { query: { size: { $gt: 5 } }, limit: 2, offset: 3 })).toBe(5);
    expect(await broker.call("table.count", { search: "red" })).toBe(4);
  });

  it("get a row, several in the order of their ids, or a map of them", async () => {
    const broker = await brokerWithTwelve({ excludeFields: ["source", "tags", "size"] });
    const get = (params: object) => broker.call("table.get", params);
    const [one, two] = [
      { id: "01", name: "red a" },
      { id: "02", name: "green b" },
    ];
    expect(await get({ id: "01" })).toEqual(one);
    expect(await get({ id: ["02", "99", "01"] })).toEqual([two, one]);
    expect(await get({ id: ["02", "99", "01"], mapping: true })).toEqual({ "01": one, "02": two });
    expect(await get({ id: ["02", "01"], mapping: true, fields: ["name"] })).toEqual({
      "01": { name: "red a" },
      "02": { name: "green b" },
    });
    expect(await get({ id: [] })).toEqual([]);
    expect(await refusal(() => get({ id: "99" }))).toMatchObject({
      name: "EntityNotFoundError",
      type: "ENTITY_NOT_FOUND",
      code: 404,
      data: { id: "99" },
    });
    expect(await refusal(() => get({}))).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
  });

  it("resolve like get, with null for an id without a row", async () => {
    const broker = await brokerWithTwelve({ excludeFields: ["source", "tags", "size"] });
    const resolve = (params: object) => broker.call("table.resolve", params);
    expect(await resolve({ id: "01" })).toEqual({ id: "01", name: "red a" });
    expect(await resolve({ id: "99" })).toBeNull();
    expect(await resolve({ id: ["99", "02"] })).toEqual([{ id: "02", name: "green b" }]);
    expect(await resolve({ id: ["99", "02"], mapping: true })).toEqual({ "02": { id: "02", name: "green b" } });
    expect(await refusal(() => resolve({ id: "99", throwIfNotExist: true }))).toMatchObject({
      type: "ENTITY_NOT_FOUND",
      code: 404,
    });
    expect(await refusal(() => resolve({ id: ["01", "99"], throwIfNotExist: true }))).toMatchObject({ code: 404 });
  });

  it("populate fields from other tables", async () => {
    const events = newStore();
    const folder = newFolder();
    const owners = Aggregate("owners", {
      eventStore: events,
      adapter: `sqlite:${folder}/o.db`,
      fields: { name: "string" },
    })
      .on("owner.created")
      .create(({ id, payload }) => ({ id, ...payload }));
    const houses = Aggregate("houses", {
      eventStore: events,
      adapter: `sqlite:${folder}/h.db`,
      fields: { owner: "string", guests: "array" },
      populates: { owner: "owners.resolve", guests: { action: "owners.get", params: { fields: ["name"] } } },
    })
      .on("house.created")
      .create(({ id, payload }) => ({ id, ...payload }));
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), owners.mixin(), houses.mixin()] }]);
    await broker.call("events.append", {
      stream: "all",
      events: [
        { type: "owner.created", payload: { id: "ann", name: "Ann" } },
        { type: "owner.created", payload: { id: "bob", name: "Bob" } },
        { type: "house.created", payload: { id: "1", owner: "ann", guests: ["bob", "ann", "nobody"] } },
      ],
    });
    await Promise.all([caughtUp(broker, "owners"), caughtUp(broker, "houses")]);
    const plain = { id: "1", owner: "ann", guests: ["bob", "ann", "nobody"] };
    const populated = { id: "1", owner: { id: "ann", name: "Ann" }, guests: [{ name: "Bob" }, { name: "Ann" }] };
    expect(await broker.call("houses.find")).toEqual([plain]);
    expect(await broker.call("houses.find", { populate: ["owner", "guests"] })).toEqual([populated]);
    expect(await broker.call("houses.get", { id: "1", populate: "owner" })).toEqual({
      ...plain,
      owner: populated.owner,
    });
    expect(await broker.call("houses.list", { populate: ["guests"] })).toMatchObject({
      rows: [{ ...plain, guests: populated.guests }],
    });
  });
});

describe("An aggregate's cached answers", () => {
  const created: Mappings = (table) => table.on("thing.created").create(as(({ payload }) => payload));

  async function cachingBroker(
    thing: Partial<ServiceSchema> = {},
  ): Promise<{ broker: ServiceBroker; cleans: number[] }> {
    const cleans: number[] = [];
    const broker = await brokerWith(
      created,
      { ...thing, events: { "cache.clean.table": () => void cleans.push(cleans.length) } },
      { cacher: "Memory", table: { populates: { name: "thing.owner" } } },
    );
    return { broker, cleans };
  }
  const isFromCache = async (broker: ServiceBroker, action: string, params: object = {}): Promise<boolean> => {
    const answer = broker.call(action, params) as Promise<unknown> & { ctx?: Context };
    await answer;
    return answer.ctx?.cachedResult === true;
  };

  it.each<[string, object]>([
    ["find", { query: { name: "x" } }],
    ["list", { pageSize: 5 }],
    ["count", {}],
    ["get", { id: "1" }],
    ["resolve", { id: "1" }],
  ])("of %s are given out until the next batch", async (action, params) => {
    const { broker } = await cachingBroker();
    await fold(broker, "thing.created", { id: "1", name: "x" });
    const name = `table.${action}`;
    expect(await isFromCache(broker, name, params)).toBe(false);
    expect(await isFromCache(broker, name, params)).toBe(true);
    await fold(broker, "thing.created", { id: "2", name: "x" });
    expect(await isFromCache(broker, name, params)).toBe(false);
    expect(await isFromCache(broker, name, params)).toBe(true);
  });

  it("show a batch's rows as soon as it is committed", async () => {
    const { broker } = await cachingBroker();
    for (let n = 1; n <= 20; n++) {
      await fold(broker, "thing.created", { id: String(n) });
      expect(await broker.call("table.count")).toBe(n);
      expect(await rowsOf(broker)).toHaveLength(n);
    }
  });

  it("are cleaned once per batch", async () => {
    const { broker, cleans } = await cachingBroker();
    for (let n = 1; n <= 3; n++) await fold(broker, "thing.created", { id: String(n) });
    await eventually(() => expect(cleans).toHaveLength(3));
    await broker.call("events.append", {
      stream: "things",
      events: Array.from({ length: 600 }, () => ({ type: "thing.created", payload: { name: "x" } })),
    });
    await caughtUp(broker, "table");
    expect(await broker.call("table.count")).toBe(603);
    // A batch takes up to 500 events or 20 ms: fewer batches than events, however slow the machine is.
    expect(cleans.length).toBeGreaterThanOrEqual(5);
    expect(cleans.length).toBeLessThan(603);
  });

  it("are not cleaned by events that are not mapped", async () => {
    const { broker, cleans } = await cachingBroker();
    await fold(broker, "thing.created", { id: "1" });
    await eventually(() => expect(cleans).toHaveLength(1));
    await rowsOf(broker);
    await fold(broker, "other.created", {});
    await fold(broker, "other.created", {});
    expect(cleans).toHaveLength(1);
    expect(await isFromCache(broker, "table.find")).toBe(true);
  });

  it("are never older than a result that was returned already", async () => {
    const { broker } = await cachingBroker();
    let known = 0;
    const done = new AbortController();
    const read = async () => {
      while (!done.signal.aborted) {
        const before = known;
        const count: number = await broker.call("table.count");
        expect(count).toBeGreaterThanOrEqual(before);
        known = Math.max(known, count);
        await new Promise((turn) => setImmediate(turn));
      }
    };
    const readers = Array.from({ length: 8 }, read);
    for (let n = 0; n < 100; n++)
      await broker.call("events.append", { stream: "things", events: [{ type: "thing.created", payload: {} }] });
    await caughtUp(broker, "table");
    done.abort();
    await Promise.all(readers);
    expect(await broker.call("table.count")).toBe(100);
  });

  it("are not given out when they were read before a batch and reached the cache after it", async () => {
    const isAsked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<object>();
    const { broker } = await cachingBroker({
      actions: { owner: () => (isAsked.resolve(), held.promise) },
    });
    await fold(broker, "thing.created", { id: "1", name: "ann" });
    // Its rows are read, and it waits for the rows to populate.
    const early = rowsOf(broker, { populate: ["name"] });
    await isAsked.promise;
    await fold(broker, "thing.created", { id: "2", name: "ann" });
    held.resolve({ ann: "Ann" });
    expect(await early).toMatchObject([{ id: "1", name: "Ann" }]);
    expect(await rowsOf(broker, { populate: ["name"] })).toMatchObject([{ id: "1" }, { id: "2" }]);
  });

  it("are cleaned with only a warning if the other nodes cannot be notified", async () => {
    const logger = new LogLines();
    const broadcast = (next: ServiceBroker["broadcast"]) => (name: string, payload?: unknown, options?: object) =>
      name.startsWith("cache.clean.") ? Promise.reject(new Error("no connection")) : next(name, payload, options);
    const broker = await brokerWith(
      (table) => table.on("thing.created").create(as(() => ({}))),
      {},
      // Moleculer's types confuse the wrapped function's result with the function.
      { cacher: "Memory", logger, middlewares: [{ broadcast } as unknown as Middleware] },
    );
    await fold(broker, "thing.created");
    await eventually(() => expect(logger.of("warn", /cache was not cleaned.*no connection/s)).not.toEqual([]));
  });
});

describe("A transform's own view", () => {
  /** A transform that counts the rows that it finds: one row per event, numbered by the rows before it. */
  const counting = async (count: () => Promise<unknown>) => ({ size: Number(await count()) + 1 });
  const append = (broker: ServiceBroker, events: number): Promise<StoredAnswer> =>
    broker.call("events.append", {
      stream: "things",
      events: Array.from({ length: events }, (_, index) => ({ type: "thing.created", payload: { index } })),
    });
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
  const sizesOf = async (broker: ServiceBroker) =>
    (await rowsOf(broker, { sort: "size" })).map(({ size }) => size as number);

  it.each<[string, (ctx: Context) => Promise<unknown>]>([
    ["count", (ctx) => ctx.call("table.count")],
    ["find", async (ctx) => (await ctx.call<Row[]>("table.find")).length],
    ["list", async (ctx) => (await ctx.call<{ total: number }, object>("table.list", { pageSize: 1 })).total],
    ["find through another action", (ctx) => ctx.call("thing.howMany")],
  ])("sees every event before its own through %s", async (_what, count) => {
    for (const cacher of [false, "Memory"] as const) {
      const broker = await brokerWith(
        (table) => table.on("thing.created").create("thing.transform"),
        {
          actions: {
            transform: (ctx: Context) => counting(() => count(ctx)),
            howMany: async (ctx: Context) => (await ctx.call<Row[]>("table.find")).length,
          },
        },
        { cacher },
      );
      await append(broker, 50);
      await caughtUp(broker, "table");
      expect(await sizesOf(broker)).toEqual(upTo(50));
    }
  });

  it("sees every event before its own through get and resolve", async () => {
    const seen: unknown[] = [];
    const broker = await brokerWith((table) => table.on("thing.created").update("thing.transform"), {
      actions: {
        async transform(ctx: Context) {
          const resolved: Row | null = await ctx.call("table.resolve", { id: "1" });
          const got = await ctx.call("table.get", { id: ["1"] });
          seen.push(resolved?.["size"] ?? null, got);
          return { id: "1", size: Number(resolved?.["size"] ?? 0) + 1 };
        },
      },
    });
    await append(broker, 3);
    await caughtUp(broker, "table");
    expect(seen).toEqual([null, [], 1, [{ ...empty, id: "1", size: 1 }], 2, [{ ...empty, id: "1", size: 2 }]]);
  });

  it("is given to a function as find, get and ctx", async () => {
    const broker = await brokerWith((table) =>
      table.on("thing.created").createMany(
        as(async ({ position }, view) => {
          const found = await view.find({ query: { name: "counter" }, sort: "-size", limit: 1 });
          const got = await view.get(`${position - 1}`);
          const called: number = await view.ctx.call("table.count", { query: { name: "counter" } });
          expect(found[0]?.["size"] ?? 0).toBe(position - 1);
          expect(got?.["size"] ?? 0).toBe(position - 1);
          expect(called).toBe(position - 1);
          expect(await view.get("none")).toBeNull();
          expect(view.ctx).toBe(view.ctx);
          expect(view.ctx.meta).toMatchObject({ causationId: expect.any(String) as string });
          return [{ id: String(position), name: "counter", size: position }];
        }),
      ),
    );
    await append(broker, 20);
    await caughtUp(broker, "table");
    expect(await parkedOf(broker)).toEqual([]);
    expect(await sizesOf(broker)).toEqual(upTo(20));
  });

  it("contains rows that no other reader sees before they are committed", async () => {
    let broker: ServiceBroker | undefined;
    const seen: { own: number; outside: number }[] = [];
    broker = await brokerWith((table) => table.on("thing.created").create("thing.transform"), {
      actions: {
        async transform(ctx: Context) {
          const own: number = await ctx.call("table.count");
          const outside: number = await broker!.call("table.count");
          seen.push({ own, outside });
          return {};
        },
      },
    });
    await append(broker, 200);
    await caughtUp(broker, "table");
    expect(seen.map(({ own }) => own)).toEqual(upTo(200).map((n) => n - 1));
    for (const { own, outside } of seen) expect(outside).toBeLessThanOrEqual(own);
    // Two hundred events do not take a batch each.
    expect(seen.some(({ own, outside }) => outside < own)).toBe(true);
  });

  it("is not counted as done before it is committed", async () => {
    const isAsked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const broker = await brokerWith((table) =>
      table.on("thing.created").create(
        as(async ({ position }) => {
          if (position === 2) isAsked.resolve();
          if (position === 2) await held.promise;
          return { size: position };
        }),
      ),
    );
    await append(broker, 2);
    await isAsked.promise;
    const { position }: { position: number } = await broker.call("table.status");
    const count = await broker.call("table.count");
    held.resolve();
    expect({ position, count }).toEqual({ position: count, count });
  });

  it("is right for 10,000 events that 32 callers append, with concurrent readers", async () => {
    const countries = ["NZ", "AU", "FJ", "WS", "TO"];
    const cities = ["Wanaka", "Tauranga", "Suva"];
    const events = newStore();
    const summary = Aggregate("summary", {
      eventStore: events,
      fields: {
        countryCode: { type: "string", unique: true },
        total: "integer",
        beachCity: "integer",
        mountain: "integer",
      },
    })
      .on("property.created")
      .update("property.transformCountrySummary");
    type Summary = { id: string; countryCode: string; total: number; beachCity: number; mountain: number };
    const broker = await startBroker([
      {
        name: "property",
        mixins: [events.mixin(), summary.mixin()],
        actions: {
          create: events.mapAction("property.created", { params: openParams }),
          async transformCountrySummary(ctx: Context<RecordedEvent>) {
            const { countryCode, city } = ctx.params.payload as { countryCode: string; city: string };
            const [row]: Summary[] = await ctx.call("summary.find", { query: { countryCode } });
            return {
              id: row?.id,
              countryCode,
              total: (row?.total ?? 0) + 1,
              beachCity: (row?.beachCity ?? 0) + Number(city === "Tauranga"),
              mountain: (row?.mountain ?? 0) + Number(city === "Wanaka"),
            };
          },
        },
      },
    ]);
    const expected = new Map<string, Omit<Summary, "id">>();
    const properties = Array.from({ length: 10_000 }, (_, index) => {
      const countryCode = countries[(index * 7) % 5]!;
      const city = cities[(index * 11) % 3]!;
      const row = expected.get(countryCode) ?? { countryCode, total: 0, beachCity: 0, mountain: 0 };
      row.total++;
      row.beachCity += Number(city === "Tauranga");
      row.mountain += Number(city === "Wanaka");
      expected.set(countryCode, row);
      return { id: `${index}`, countryCode, city };
    });

    const done = new AbortController();
    const totals: number[] = [];
    const reader = (async () => {
      while (!done.signal.aborted) {
        const rows: Summary[] = await broker.call("summary.find");
        totals.push(rows.reduce((sum, { total }) => sum + total, 0));
        await new Promise((turn) => setImmediate(turn));
      }
    })();
    const caller = async (first: number) => {
      for (let n = first; n < properties.length; n += 32) await broker.call("property.create", properties[n]);
    };
    await Promise.all(Array.from({ length: 32 }, (_, first) => caller(first)));
    await caughtUp(broker, "summary");
    done.abort();
    await reader;

    const rows: Summary[] = await broker.call("summary.find", { sort: "countryCode", excludeFields: ["id"] });
    expect(rows).toEqual([...expected.values()].toSorted((a, b) => (a.countryCode < b.countryCode ? -1 : 1)));
    // The reader has seen the sum grow, never shrink: complete batches in the order of the log.
    expect(totals).toEqual(totals.toSorted((a, b) => a - b));
    expect(new Set(totals).size).toBeGreaterThan(2);
  });

  const byId = new Set(["get", "resolve"]);
  it.each(["find", "list", "count", "get", "resolve"])(
    "is refused to a %s under a token whose transform has ended",
    async (action) => {
      const contexts: Context[] = [];
      const broker = await brokerWith((table) => table.on("thing.created").create("thing.transform"), {
        actions: { transform: (ctx: Context) => (contexts.push(ctx), {}) },
      });
      await append(broker, 1);
      await caughtUp(broker, "table");
      const error = await refusal(() => contexts[0]!.call(`table.${action}`, byId.has(action) ? { id: "1" } : {}));
      expect(error).toMatchObject({
        name: "FoldEndedError",
        type: "FOLD_ENDED",
        code: 409,
        retryable: false,
        data: { table: "table" },
      });
    },
  );

  it("is refused to an earlier transform's token while another transform runs", async () => {
    const contexts: Context[] = [];
    const refusals: unknown[] = [];
    const broker = await brokerWith((table) => table.on("thing.created").create("thing.transform"), {
      actions: {
        async transform(ctx: Context) {
          const earlier = contexts.at(-1);
          contexts.push(ctx);
          if (earlier) refusals.push((await refusal(() => earlier.call("table.count"))).message);
          return {};
        },
      },
    });
    await append(broker, 2);
    await caughtUp(broker, "table");
    expect(refusals).toEqual([expect.stringContaining("belongs to a transform that has ended")]);
  });

  it("is refused to a function's view after its end", async () => {
    const views: TransformView[] = [];
    const broker = await brokerWith((table) =>
      table.on("thing.created").create(as((_event, view) => (views.push(view), {}))),
    );
    await append(broker, 1);
    await caughtUp(broker, "table");
    const [view] = views;
    for (const query of [() => view!.find(), () => view!.get("1"), () => view!.ctx.call("table.find")])
      expect(await refusal(query)).toMatchObject({ type: "FOLD_ENDED", code: 409 });
  });

  it("is refused to a token that names no fold", async () => {
    const broker = await brokerWith((table) => table.on("thing.created").create(as(() => ({}))));
    const $fold = { table: "table", node: broker.nodeID, id: -1 };
    const error = await refusal(() => broker.call("table.find", {}, { meta: { $fold } }));
    expect(error).toMatchObject({ type: "FOLD_ENDED", code: 409 });
  });

  it.each<[string, unknown]>([
    ["a text", "table"],
    ["an array", ["table"]],
    ["without an id", { table: "table", node: "a" }],
    ["without a node", { table: "rates", id: 1 }],
    ["of a long name", { table: "x".repeat(256), node: "a", id: 1 }],
    ["with an id that is no number", { table: "rates", node: "a", id: {} }],
  ])("is refused to what is no token: %s", async (_what, $fold) => {
    const broker = await brokerWith((table) => table.on("thing.created").create(as(() => ({}))));
    for (const action of ["find", "list", "count", "get", "resolve", "at", "whatIf", "verify"]) {
      const params = action === "get" || action === "resolve" ? { id: "1" } : {};
      const error = await refusal(() => broker.call(`table.${action}`, params, { meta: { $fold } }));
      expect(error).toMatchObject({ code: 422, data: [{ field: "meta.$fold" }] });
    }
  });

  it("that many forged tokens name is warned of a bounded number of times", async () => {
    const logger = new LogLines();
    const broker = await brokerWith((table) => table.on("thing.created").create(as(() => ({}))), {}, { logger });
    for (let n = 0; n < 300; n++)
      await broker.call("table.find", {}, { meta: { $fold: { table: `forged ${n}`, node: "a", id: 1 } } });
    expect(logger.of("warn", /forged/)).toHaveLength(100);
  });

  it("of another aggregate is its live table, with one warning", async () => {
    const events = newStore();
    const logger = new LogLines();
    const rates = Aggregate("rates", { eventStore: events, fields: { rate: "number" } })
      .on("rate.changed")
      .update(({ payload }) => payload);
    const table = newTable(events).on("thing.created").create("thing.transform");
    const broker = await startBroker(
      [
        {
          name: "thing",
          mixins: [events.mixin(), rates.mixin(), table.mixin()],
          actions: {
            async transform(ctx: Context) {
              const [row]: Row[] = await ctx.call("rates.find");
              await ctx.call("rates.count");
              return { size: row?.["rate"] };
            },
          },
        },
      ],
      { logger },
    );
    await broker.call("events.append", {
      stream: "rate",
      events: [{ type: "rate.changed", payload: { id: "1", rate: 7 } }],
    });
    await caughtUp(broker, "rates");
    await append(broker, 5);
    await caughtUp(broker, "table");
    expect(await sizesOf(broker)).toEqual([7, 7, 7, 7, 7]);
    expect(logger.of("warn", /./)).toEqual([
      "A transform of table queries rates: it gets today's rows, so it cannot be replayed faithfully",
    ]);
  });
});
