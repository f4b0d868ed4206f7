import { array, assert, asyncProperty, constantFrom, nat, record, subarray } from "fast-check";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const owners = ["o1", "o2", "o3"].map((id, n) => ({ id, name: `Owner ${n}`, boss: n === 0 ? "o2" : "o1" }));
const homes = Array.from({ length: 25 }, (_, n) => ({
  id: `h${String(n).padStart(2, "0")}`,
  rank: n,
  name: `Home ${n % 7}`,
  owner: `o${(n % 4) + 1}`,
  others: n % 3 === 0 ? [] : ["o1", `o${(n % 4) + 1}`, "o2"],
  place: { city: { name: `City ${n % 5}`, code: n }, tags: [{ key: "a", value: n }, { key: "b" }] },
}));

/** Rules of each form. */
const populates = (action: string) => ({
  owner: action,
  others: { action, params: { fields: ["name", "boss"] }, populate: ["boss"] },
  "place.mayor": { field: "owner", action },
  name: (ids: unknown[], documents: Record<string, unknown>[]) => {
    for (const document of documents) document["name"] = `${String(document["name"])} of ${ids.length}`;
  },
});
const settings = { pageSize: 7, maxPageSize: 12, maxLimit: 20, excludeFields: ["place.city.code"] };

/** The same rows in tables, and in services of moleculer-db itself. */
async function bothKinds(): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: "memory:" });
  const common = { eventStore: events, adapter: "memory:" };
  const homeTable = Aggregate("homes", {
    ...common,
    ...settings,
    fields: { rank: "integer", name: "string", owner: "string", others: "array", place: "object" },
    populates: populates("owners.get"),
  })
    .on("home.opened")
    .create(({ payload }) => payload as (typeof homes)[number]);
  const ownerTable = Aggregate("owners", {
    ...common,
    fields: { name: "string", boss: "string" },
    populates: { boss: "owners.get" },
  })
    .on("owner.came")
    .create(({ payload }) => payload as (typeof owners)[number]);
  const db = (name: string, own: object): ServiceSchema => ({
    name,
    mixins: [DbService as unknown as ServiceSchema],
    settings: { idField: "id", ...own } as NonNullable<ServiceSchema["settings"]>,
  });
  const broker = await startBroker([
    { name: "houses", mixins: [homeTable.mixin(), ownerTable.mixin()] },
    db("homesDb", { ...settings, populates: populates("ownersDb.get") }),
    db("ownersDb", { populates: { boss: "ownersDb.get" } }),
  ]);
  for (const [type, rows] of [
    ["home.opened", homes],
    ["owner.came", owners],
  ] as const)
    for (const payload of rows)
      await broker.call("events.append", { stream: `row-${payload.id}`, events: [{ type, payload }] });
  await broker.call("homesDb.insert", { entities: homes });
  await broker.call("ownersDb.insert", { entities: owners });
  for (const table of ["homes", "owners"]) await caughtUp(broker, table);
  return broker;
}

const paths = [
  "id",
  "name",
  "owner",
  "owner.name",
  "others",
  "others.$.name",
  "place",
  "place.city",
  "place.city.name",
];
const odd = [
  "place.tags.$.key",
  "place.tags[1].key",
  "place.tags.0",
  "others.length",
  "place.mayor.boss",
  "none.at.all",
];
const names = array(constantFrom(...paths, ...odd), { minLength: 1, maxLength: 4 }).map((all) => [...new Set(all)]);
const asText = (all: string[], isText: boolean) => (isText ? all.join(",") : all);
const given = { requiredKeys: [] };
const shape = {
  fields: names,
  excludeFields: names,
  populate: subarray(["owner", "owner.boss", "others", "place.mayor", "name"], { minLength: 1 }).map((all) =>
    asText(all, all.length % 2 === 0),
  ),
};
// Not by id, which moleculer-db stores as _id.
const sort = constantFrom("rank", "-rank", "name,-rank", "-name,rank");
const query = constantFrom({}, { name: "Home 1" }, { owner: { $in: ["o1", "o4"] } }, '{"name":{"$gt":"Home 3"}}');
const ids = constantFrom(...homes.slice(0, 9).map(({ id }) => id), "none");

const calls = {
  // moleculer-db applies `maxLimit` only to a given limit above 0.
  find: record(
    { ...shape, sort, query, limit: nat(29).map((n) => n + 1), offset: nat(30) },
    { requiredKeys: ["sort", "limit"] },
  ),
  list: record(
    { ...shape, sort, query, page: nat(4).map((n) => n + 1), pageSize: nat(15) },
    { requiredKeys: ["sort"] },
  ),
  count: record({ query }, given),
  get: record({ ...shape, id: ids }, { requiredKeys: ["id"] }),
};

describe("A table reads as moleculer-db itself", () => {
  it.each(Object.entries(calls))("for any params of %s", async (action, params) => {
    const broker = await bothKinds();
    const answer = (service: string, sent: object) =>
      broker.call(`${service}.${action}`, structuredClone(sent)).catch((error: Error) => ({ failed: error.name }));
    let failed = 0;
    await assert(
      asyncProperty(params, async (sent) => {
        const ours = await answer("homes", sent);
        expect(ours).toEqual(await answer("homesDb", sent));
        if (typeof ours === "object" && ours !== null && "failed" in ours) failed++;
      }),
      { numRuns: 200 },
    );
    expect(failed).toBeLessThan(100);
  });
});
