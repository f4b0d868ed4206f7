import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { checkRow, parseFields, type FieldType, type Row } from "../../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { idsOf, randomQuery, randomRow, randomFrom } from "./query-reference.ts";

const fields = parseFields("table", {
  name: { type: "string", index: true },
  count: { type: "integer", index: true },
  price: "number",
  isOpen: "boolean",
  at: "date",
  address: "object",
  tags: "array",
});
const queryFields: QueryFields = new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);

const tables: SqliteReadTable[] = [];

afterEach(async () => {
  for (const table of tables.splice(0)) await table.close();
  await cleanUp();
});

type GivenRow = { id: string } & Record<string, unknown>;

/** A table with these rows, written as the fold writes them. */
async function tableOf(given: readonly GivenRow[]): Promise<Rows> {
  const table = new SqliteReadTable(`${newFolder()}/table.db`);
  tables.push(table);
  await table.open(fields);
  const batch = table.live().begin();
  batch.apply(given.map((row) => ({ operation: "create", id: row.id, values: checkRow(fields, row) })));
  batch.commit({ position: 1, folded: 1, positionId: null, reordered: false, log: "log" });
  return table.live().rows;
}

const find = async (rows: Rows, params: QueryParams): Promise<Row[]> => rows.find(parseQuery(queryFields, params));
const ids = async (rows: Rows, params: QueryParams) => (await find(rows, params)).map(({ id }) => id);
const query = (rows: Rows, query: object) => ids(rows, { query });

describe("A row", () => {
  it("comes back as it was written, every field there, null where it has no value", async () => {
    const full = {
      id: "full",
      name: "",
      count: Number.MIN_SAFE_INTEGER,
      price: -0.1,
      isOpen: false,
      at: "2024-01-02T03:04:05.678Z",
      address: { city: null, deep: { list: [{ a: 1.5 }, "x"] } },
      tags: [],
    };
    const nothing = { name: null, count: null, price: null, isOpen: null, at: null, address: null, tags: null };
    const rows = await tableOf([full, { id: "empty" }, { id: "nulls", ...nothing }]);
    expect(await find(rows, { sort: "id" })).toEqual([{ id: "empty", ...nothing }, full, { id: "nulls", ...nothing }]);
  });

  it.each([5e-324, Number.MAX_VALUE, 0.1 + 0.2, 879483623742086900, Number.MAX_SAFE_INTEGER, 1 / 3])(
    "keeps the number %p to the last bit",
    async (price) => expect(await find(await tableOf([{ id: "1", price }]), {})).toMatchObject([{ price }]),
  );

  const odd = [
    "",
    " ",
    "null",
    "it's",
    'say "x"',
    "a.b",
    "$x",
    "50%",
    "a_b",
    "a\\b",
    "a\0b",
    "line\nbreak",
    "日本",
    "😀",
    "e\u0301",
    "\u00e9",
    "\uffff",
    "'; DROP TABLE rows; --",
    "x".repeat(1_000_000),
  ];

  it("with odd text in every place is found by exactly this text", async () => {
    const rows = await tableOf(
      odd.map((name, index) => ({ id: `row ${index}`, name, tags: [name], address: { inner: name } })),
    );
    for (const [index, text] of odd.entries()) {
      for (const asked of [
        { name: text },
        { name: { $in: [text] } },
        { tags: text },
        { "tags.0": text },
        { "address.inner": text },
        { "address.inner": { $in: [text] } },
      ])
        expect({ index, asked: Object.keys(asked), ids: await query(rows, asked) }).toEqual({
          index,
          asked: Object.keys(asked),
          ids: [`row ${index}`],
        });
      expect(await rows.count(parseQuery(queryFields, { query: { name: { $ne: text } } }))).toBe(odd.length - 1);
    }
  });

  it("with an odd id is found by this id", async () => {
    const given = odd.filter((id) => id !== "" && id.length <= 255);
    const rows = await tableOf(given.map((id) => ({ id })));
    for (const id of given) {
      expect(await query(rows, { id })).toEqual([id]);
      expect(await rows.findByIds([id])).toMatchObject([{ id }]);
    }
    expect(await rows.findByIds(["it's", "absent", "a.b", "it's"])).toMatchObject([
      { id: "it's" },
      { id: "a.b" },
      { id: "it's" },
    ]);
  });

  it("with odd steps in a path is found and sorted by them", async () => {
    const steps = ["$x", "it's", "%", "_", "a b", "日本", "#-1", "[0]", "*", "?", "-"];
    const rows = await tableOf(
      ["c", "a", "b"].map((id) => ({ id, address: Object.fromEntries(steps.map((step) => [step, `value ${id}`])) })),
    );
    for (const step of steps) {
      expect(await query(rows, { [`address.${step}`]: "value a" })).toEqual(["a"]);
      expect([step, await ids(rows, { sort: [`-address.${step}`] })]).toEqual([step, ["c", "b", "a"]]);
    }
  });

  it.each(["a\\b", "tab\\t", "\\"])("is sorted by a path with a backslash like %p", async (step) => {
    const rows = await tableOf([
      { id: "1", address: { [step]: 2 } },
      { id: "2", address: { [step]: 1 } },
    ]);
    expect(await ids(rows, { sort: `address.${step}` })).toEqual(["2", "1"]);
  });

  it("is sorted by a path with a NUL in it, or the path is refused", async () => {
    const rows = await tableOf([
      { id: "1", address: { "a\0": 2 } },
      { id: "2", address: { "a\0": 1 } },
    ]);
    const answer = await ids(rows, { sort: "address.a\0" }).catch((error: { type?: string }) => error.type);
    expect([["2", "1"], "INVALID_QUERY"]).toContainEqual(answer);
  });
});

describe("A query operator", () => {
  const given = [
    {
      id: "ann",
      name: "Ann",
      count: 1,
      price: 0.5,
      isOpen: true,
      at: "2024-01-01",
      tags: ["a", "b"],
      address: { city: "Oslo", zip: { code: 7 } },
    },
    {
      id: "bob",
      name: "bob",
      count: 2,
      price: 19.99,
      isOpen: false,
      at: "2024-06-01",
      tags: ["b", 3],
      address: { city: "Bern", list: [{ n: 1 }, { n: 5 }] },
    },
    {
      id: "cy",
      name: "Cy",
      count: 2,
      price: -3,
      at: "2025-01-01",
      tags: [],
      address: { city: null, list: [{ n: 9 }] },
    },
    { id: "nil" },
  ];
  const everyone = ["ann", "bob", "cy", "nil"];
  const but = (...some: string[]) => everyone.filter((id) => !some.includes(id));
  let rows: Rows;

  beforeEach(async () => {
    rows = await tableOf(given);
  });

  it.each<[string, object, string[]]>([
    ["a value equals", { name: "Ann" }, ["ann"]],
    ["a value equals, letter case and all", { name: "ann" }, []],
    ["$eq", { count: { $eq: 2 } }, ["bob", "cy"]],
    ["a number equals its text", { count: "2" }, ["bob", "cy"]],
    ["a boolean equals", { isOpen: false }, ["bob"]],
    ["a date equals in another zone", { at: "2024-01-01T02:00:00+02:00" }, ["ann"]],
    ["null is the same as absent", { name: null }, ["nil"]],
    ["$eq null", { isOpen: { $eq: null } }, ["cy", "nil"]],
    ["$ne also finds rows without a value", { count: { $ne: 2 } }, but("bob", "cy")],
    ["$ne null", { isOpen: { $ne: null } }, ["ann", "bob"]],
    ["$gt", { count: { $gt: 1 } }, ["bob", "cy"]],
    ["$gte", { price: { $gte: 0.5 } }, ["ann", "bob"]],
    ["$lt never finds rows without a value", { count: { $lt: 100 } }, but("nil")],
    ["$lte", { price: { $lte: -3 } }, ["cy"]],
    ["$gt and $lt together", { price: { $gt: -3, $lt: 19.99 } }, ["ann"]],
    ["$gt on text", { name: { $gt: "B" } }, ["bob", "cy"]],
    ["$gte on dates", { at: { $gte: new Date("2024-06-01") } }, ["bob", "cy"]],
    ["$lt on dates", { at: { $lt: "2024-06-01" } }, ["ann"]],
    ["$in", { name: { $in: ["Ann", "Cy", "Dot"] } }, ["ann", "cy"]],
    ["$in with null", { name: { $in: ["Ann", null] } }, ["ann", "nil"]],
    ["$in of fractions", { price: { $in: [0.5, 19.99] } }, ["ann", "bob"]],
    ["$in of dates", { at: { $in: [new Date("2025-01-01")] } }, ["cy"]],
    ["$in of booleans", { isOpen: { $in: [true, false] } }, ["ann", "bob"]],
    ["$in of nothing", { name: { $in: [] } }, []],
    ["$nin", { name: { $nin: ["Ann"] } }, but("ann")],
    ["$nin with null", { name: { $nin: ["Ann", null] } }, ["bob", "cy"]],
    ["$nin of nothing", { name: { $nin: [] } }, everyone],
    ["$exists", { isOpen: { $exists: true } }, ["ann", "bob"]],
    ["$exists false", { isOpen: { $exists: false } }, ["cy", "nil"]],
    ["$exists of an object", { address: { $exists: true } }, but("nil")],
    ["$exists of a path", { "address.city": { $exists: true } }, ["ann", "bob"]],
    ["$exists false of a path", { "address.zip.code": { $exists: false } }, but("ann")],
    ["$regex", { name: { $regex: "^.{2,3}$" } }, but("nil")],
    ["$regex with a letter's case", { name: { $regex: "^b" } }, ["bob"]],
    ["$regex with $options", { name: { $regex: "^[ab]", $options: "i" } }, ["ann", "bob"]],
    ["a RegExp", { name: /N{2}/i }, ["ann"]],
    ["$regex on a path", { "address.city": { $regex: "s" } }, ["ann"]],
    ["$regex on an array", { tags: { $regex: "^a" } }, ["ann"]],
    ["$not of operators also finds rows without a value", { count: { $not: { $gt: 1 } } }, ["ann", "nil"]],
    ["$not of $exists", { isOpen: { $not: { $exists: true } } }, ["cy", "nil"]],
    ["$not of $ne", { count: { $not: { $ne: 2 } } }, ["bob", "cy"]],
    ["$not of conditions", { $not: { count: 2, name: "bob" } }, but("bob")],
    ["$not of $not", { $not: { $not: { count: { $gt: 1 } } } }, ["bob", "cy"]],
    ["$not of everything", { $not: {} }, []],
    ["$and", { $and: [{ count: 2 }, { isOpen: false }] }, ["bob"]],
    ["$or", { $or: [{ name: "Ann" }, { count: 2 }] }, but("nil")],
    ["$or beside a field", { count: 2, $or: [{ name: "Ann" }, { name: "Cy" }] }, ["cy"]],
    ["$or with a condition that everything meets", { $or: [{ name: "Ann" }, {}] }, everyone],
    ["an array contains", { tags: "b" }, ["ann", "bob"]],
    ["an array contains a number, not its text", { tags: "3" }, []],
    ["an array equals", { tags: ["a", "b"] }, ["ann"]],
    ["an array equals in its order", { tags: ["b", "a"] }, []],
    ["an array is empty", { tags: [] }, ["cy"]],
    ["an array's element by index", { "tags.1": 3 }, ["bob"]],
    ["an array contains one of", { tags: { $in: ["a", 3] } }, ["ann", "bob"]],
    ["an array contains none of", { tags: { $nin: ["a", 3] } }, ["cy", "nil"]],
    ["an array contains more than", { tags: { $gt: 2 } }, ["bob"]],
    ["an array is absent", { tags: null }, ["nil"]],
    ["an object equals, whatever the order of its keys", { address: { zip: { code: 7 }, city: "Oslo" } }, ["ann"]],
    ["an object equals whole", { address: { city: "Oslo" } }, []],
    ["a path equals", { "address.zip.code": 7 }, ["ann"]],
    ["a path equals with its type", { "address.zip.code": "7" }, []],
    ["a path is null or absent", { "address.city": null }, ["cy", "nil"]],
    ["a path leads through an array", { "address.list.n": 5 }, ["bob"]],
    ["a path leads to an array's element", { "address.list.0.n": 9 }, ["cy"]],
    ["a path's bound is met by some element", { "address.list.n": { $gt: 4 } }, ["bob", "cy"]],
    ["bounds may be met by different elements", { "address.list.n": { $gt: 4, $lt: 2 } }, ["bob"]],
    ["a path is not equal", { "address.city": { $ne: "Oslo" } }, but("ann")],
  ])("answers where %s", async (_, asked, found) => {
    expect(await query(rows, asked)).toEqual(found);
    expect(await rows.count(parseQuery(queryFields, { query: asked }))).toBe(found.length);
    expect(await query(rows, { $not: asked })).toEqual(but(...found));
  });

  it.each([879483623742086900, 49076093425801070, 5396008445509900000, 0.1, 19.99, 1e-7, 1.7976931348623157e308])(
    "of equality finds the number %p alike, alone and in a list",
    async (price) => {
      const rows = await tableOf([{ id: "1", price }]);
      expect(await query(rows, { price })).toEqual(["1"]);
      expect(await query(rows, { price: { $in: [price] } })).toEqual(["1"]);
      expect(await query(rows, { price: { $nin: [price] } })).toEqual([]);
    },
  );

  it("orders text alike in a field of its own and inside an object", async () => {
    const texts = ["Z", "a", "é", "\uff5a", "😀"];
    const rows = await tableOf(texts.map((name, index) => ({ id: String(index), name, address: { name } })));
    for (const text of texts)
      expect([text, await query(rows, { "address.name": { $gt: text } })]).toEqual([
        text,
        await query(rows, { name: { $gt: text } }),
      ]);
  });

  it.each([1_000, 20_000])("takes %p alternatives", async (count) => {
    const alternatives = Array.from({ length: count }, (_, index) => ({ name: `nobody ${index}` }));
    expect(await query(rows, { $or: [...alternatives, { name: "Ann" }] })).toEqual(["ann"]);
    expect(await query(rows, { name: { $in: [...alternatives.map(({ name }) => name), "Ann"] } })).toEqual(["ann"]);
  });

  it("is refused as a whole where it is more than SQLite can take, never by an error of SQLite", async () => {
    let nest: object = { name: "Ann" };
    for (let depth = 0; depth < 600; depth++) nest = { $not: nest };
    const alternatives = Array.from({ length: 40_000 }, (_, index) => ({ name: `nobody ${index}` }));
    for (const asked of [nest, { $or: [...alternatives, { name: "Ann" }] }])
      expect([["ann"], "INVALID_QUERY"]).toContainEqual(
        await query(rows, asked).catch((error: { type?: string }) => error.type),
      );
  });
});

describe("An order", () => {
  const given = [
    { id: "c", name: "x", count: 2, at: "2024-01-01", isOpen: true, address: { n: 10, city: "b" } },
    { id: "a", name: "x", count: 1, at: "2023-01-01", isOpen: false, address: { n: 9 } },
    { id: "d", name: "X", count: 10, at: "2025-01-01", address: { n: -1, city: "a" } },
    { id: "b" },
  ];

  it.each<[unknown, string[]]>([
    [undefined, ["a", "b", "c", "d"]],
    ["-id", ["d", "c", "b", "a"]],
    ["name", ["b", "d", "a", "c"]],
    ["-name", ["a", "c", "d", "b"]],
    ["count", ["b", "a", "c", "d"]],
    ["-count", ["d", "c", "a", "b"]],
    ["at", ["b", "a", "c", "d"]],
    ["isOpen", ["b", "d", "a", "c"]],
    ["-name -count", ["c", "a", "d", "b"]],
    [
      ["-name", "-id"],
      ["c", "a", "d", "b"],
    ],
    ["address.n", ["b", "d", "a", "c"]],
    ["-address.city", ["c", "d", "a", "b"]],
    ["address.absent", ["a", "b", "c", "d"]],
    ["-address.absent.more", ["a", "b", "c", "d"]],
  ])("by %j puts rows without a value lowest and breaks ties by id", async (sort, order) => {
    expect(await ids(await tableOf(given), { sort })).toEqual(order);
  });

  it("by an array's element uses the element", async () => {
    const rows = await tableOf([
      { id: "1", tags: [3], address: { list: [{ n: 3 }] } },
      { id: "2", tags: [1, 9], address: { list: [{ n: 1 }] } },
      { id: "3", tags: [2], address: { list: [{ n: 2 }] } },
    ]);
    expect(await ids(rows, { sort: "tags.0" })).toEqual(["2", "3", "1"]);
    expect(await ids(rows, { sort: "-address.list.0.n" })).toEqual(["1", "3", "2"]);
  });
});

describe("A page", () => {
  it.each<[QueryParams, string[]]>([
    [{ limit: 2 }, ["a", "b"]],
    [{ limit: 2, offset: 1 }, ["b", "c"]],
    [{ offset: 2 }, ["c", "d"]],
    [{ offset: 4 }, []],
    [{ limit: 100, offset: 3 }, ["d"]],
    [{ limit: 1, sort: "-id" }, ["d"]],
    [{ limit: 1, offset: 1, query: { name: "x" } }, ["c"]],
    [{ limit: 0 }, ["a", "b", "c", "d"]],
  ])("of %j is cut from the order", async (params, found) => {
    const rows = await tableOf([{ id: "d" }, { id: "c", name: "x" }, { id: "b" }, { id: "a", name: "x" }]);
    expect(await ids(rows, params)).toEqual(found);
  });
});

describe("A search", () => {
  const given = [
    { id: "1", name: "Ünder the BRIDGE", count: 42, address: { city: "Oslo" }, tags: ["red"] },
    { id: "2", name: "100% of a_b", at: "2024-05-06" },
    { id: "bridge", price: 1.5 },
    { id: "3" },
  ];

  it.each<[QueryParams, string[]]>([
    [{ search: "bridge" }, ["1", "bridge"]],
    [{ search: "bridge", searchFields: ["name"] }, ["1"]],
    [{ search: "ÜNDER" }, ["1"]],
    [{ search: "%" }, ["2"]],
    [{ search: "_" }, ["2"]],
    [{ search: "42" }, ["1"]],
    [{ search: "2024-05" }, ["2"]],
    [{ search: "oslo" }, ["1"]],
    [{ search: "red", searchFields: "tags" }, ["1"]],
    [{ search: "nowhere" }, []],
    [{ search: "null" }, []],
    [{ search: "x", searchFields: [] }, []],
    [{ search: "bridge", query: { count: 42 } }, ["1"]],
    [{ search: "bridge", query: { $or: [{ count: 1 }, { id: "bridge" }] } }, ["bridge"]],
    [{ search: "bridge", sort: "-id", limit: 1 }, ["bridge"]],
    [{ iSearch: "Bridge", offset: 1 }, ["bridge"]],
  ])("of %j finds text in any letter case", async (params, found) => {
    const rows = await tableOf(given);
    expect(await ids(rows, params)).toEqual(found);
    const whole = { ...params, limit: null, offset: null };
    expect(await rows.count(parseQuery(queryFields, whole))).toBe((await ids(rows, whole)).length);
  });
});

describe("SQLite", () => {
  const seeds = process.env["SEED"] === undefined ? [1, 2, 3, 4] : [Number(process.env["SEED"])];

  it.each(seeds)("answers random queries as plain loops over the rows do, seed %p", async (seed) => {
    const random = randomFrom(seed);
    const given = Array.from({ length: 60 }, (_, index) => randomRow(random, index));
    const rows = await tableOf(given);
    const stored = await find(rows, {});
    for (let turn = 0; turn < 150; turn++) {
      const params = randomQuery(random);
      const expected = idsOf(stored, params);
      // The seed and the query stand in the comparison, so that a failure prints them.
      const asked = { seed, turn, params: JSON.stringify(params) };
      expect({ ...asked, ids: await ids(rows, params) }).toEqual({ ...asked, ids: expected.page });
      expect({ ...asked, count: await rows.count(parseQuery(queryFields, params)) }).toEqual({
        ...asked,
        count: expected.total,
      });
    }
  });
});
