import { parseFields } from "../../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf, type QueryParams } from "../../../core/query/query.ts";
import { refusal } from "../../support/broker.ts";

const fields = queryFieldsOf(
  parseFields("table", { name: "string", count: "integer", at: "date", address: "object", tags: "array" }),
);
const parse = (params: QueryParams) => parseQuery(fields, params);
const mega = "x".repeat(4_000_000);
const list = <Item>(length: number, item: (index: number) => Item) => Array.from({ length }, (_, index) => item(index));

const throwing = {
  get name() {
    throw new Error("not readable");
  },
};
const proxy = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error("no keys");
    },
  },
);

describe("A query beyond its bounds", () => {
  it.each<[string, QueryParams, string]>([
    ["more values than a query may have", { query: { count: { $in: list(25_001, (n) => n) } } }, "query"],
    [
      "more values in several lists",
      { query: { $or: list(3, () => ({ count: { $in: list(10_000, (n) => n) } })) } },
      "query",
    ],
    ["more comparisons", { query: { $and: list(1001, (n) => ({ count: { $gt: n } })) } }, "query"],
    ["more conditions", { query: { $or: list(60_001, () => ({})) } }, "query"],
    ["more patterns", { query: { $or: list(21, (n) => ({ name: { $regex: `a${n}` } })) } }, "query.$or.20.name.$regex"],
    ["more characters of values", { query: { name: mega } }, "query.name"],
    ["more characters of JSON", { query: { address: { a: mega } } }, "query.address"],
    [
      "a path of many steps",
      { query: { [`address${".a".repeat(101)}`]: 1 } },
      expect.stringContaining("query.") as string,
    ],
    ["a path of many characters", { query: { [`address.${mega}`]: 1 } }, expect.stringContaining("query.") as string],
    ["a pattern of megabytes", { query: { name: { $regex: mega } } }, "query.name.$regex"],
    ["flags of megabytes", { query: { name: { $regex: "a", $options: mega } } }, "query.name.$regex"],
    ["brackets without end", { query: { name: { $regex: "(".repeat(100_000) } } }, "query.name.$regex"],
    ["a look-ahead", { query: { name: /a(?=b)/ } }, "query.name"],
    ["a back reference", { query: { name: { $regex: "(a)\\1" } } }, "query.name.$regex"],
    ["sets in a pattern", { query: { name: { $regex: "a", $options: "v" } } }, "query.name.$regex"],
    ["a date of megabytes", { query: { at: mega } }, "query.at"],
    ["a number of megabytes", { query: { count: "1".repeat(4_000_000) } }, "query.count"],
    ["a field of megabytes", { query: { [mega]: 1 } }, expect.stringContaining("query.") as string],
    ["an operator of megabytes", { query: { name: { [`$${mega}`]: 1 } } }, expect.stringContaining("query.") as string],
    ["a sort by many names", { sort: list(3000, () => "name") }, "sort"],
    ["a sort of megabytes", { sort: mega }, "sort"],
    ["a sort by a long path", { sort: `address${".a".repeat(101)}` }, "sort"],
    ["a search of megabytes", { search: mega }, "search"],
    ["fields to search of megabytes", { search: "x", searchFields: mega }, "searchFields"],
    ["a limit beyond the safe integers", { limit: 2 ** 53 }, "limit"],
    ["an infinite offset", { offset: Infinity }, "offset"],
    ["a Map", { query: new Map([["name", "x"]]) }, "query"],
    ["a Set", { query: new Set() }, "query"],
    ["an object of a class", { query: new URLSearchParams("name=x") }, "query"],
    ["a Map inside", { query: { $or: [new Map()] } }, "query.$or.0"],
    ["a Map to compare with", { query: { address: new Map() } }, "query.address"],
    ["a date that is none", { query: { "address.at": new Date(NaN) } }, "query.address.at"],
    ["a property that throws", { query: throwing }, "query"],
    ["a Proxy that throws", { query: proxy }, "query"],
  ])("is refused for %s, with a bounded error", async (_, params, field) => {
    const error = await refusal(() => parse(params));
    expect(error).toMatchObject({ name: "InvalidQueryError", code: 422, type: "INVALID_QUERY", data: [{ field }] });
    expect(JSON.stringify([error.message, error.data]).length).toBeLessThan(3000);
  });
});

describe("A query within its bounds", () => {
  it("has 20,000 values in a list, and 200 levels", () => {
    let nest: object = { name: "x" };
    for (let depth = 0; depth < 198; depth++) nest = { $not: nest };
    expect(() => parse({ query: { $and: [nest, { count: { $in: list(20_000, (n) => n) } }] } })).not.toThrow();
  });

  it("names each value of a list once", () => {
    expect(parse({ query: { count: { $in: [1, 2, 1, null, "2", null] } } }).where).toMatchObject({
      value: [1, 2, null],
    });
    const tags = [{ a: 1, b: 2 }, { b: 2, a: 1 }, "{}", {}, 1, "1"];
    expect(parse({ query: { tags: { $in: tags } } }).where).toMatchObject({ value: [tags[0], "{}", {}, 1, "1"] });
    expect(parse({ query: { $or: [{ name: "x" }, { name: "y" }, { name: "x" }] } }).where).toMatchObject({
      or: [{ operator: "$in", value: ["x", "y"] }],
    });
  });

  it("sorts by a field once, in the first direction that is named", () => {
    expect(parse({ sort: "-name,name,count" }).sort).toMatchObject([
      { field: "name", descending: true },
      { field: "count", descending: false },
    ]);
  });

  it("asks for no row by text that no row can have", () => {
    expect(parse({ query: { name: "\ud800" } }).where).toMatchObject({ operator: "$in", value: [] });
    expect(parse({ query: { name: { $in: ["a", "\udfff"] } } }).where).toMatchObject({ value: ["a"] });
    expect(parse({ query: { name: { $ne: "\ud800" } } }).where).toMatchObject({ not: { operator: "$in", value: [] } });
  });

  it("takes objects without a prototype, and of another realm", () => {
    const bare = Object.assign(Object.create(null) as object, { name: "x" });
    expect(parse({ query: bare }).where).toMatchObject({ value: "x" });
    expect(parse({ query: structuredClone({ name: "x" }) }).where).toMatchObject({ value: "x" });
  });
});
