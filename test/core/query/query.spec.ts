import { parseFields, type FieldType } from "../../../core/rows/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../../core/query/query.ts";
import { refusal } from "../../support/broker.ts";

const declared = parseFields("table", {
  name: "string",
  count: "integer",
  price: "number",
  isOpen: "boolean",
  at: "date",
  address: "object",
  tags: "array",
});
const fields: QueryFields = new Map<string, { type: FieldType }>([["id", { type: "string" }], ...declared]);
const names = "id, name, count, price, isOpen, at, address, tags";
const leafOperators = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $regex, $not";

const parse = (params: QueryParams) => parseQuery(fields, params);
const where = (query: unknown) => parse({ query }).where;
const leaf = (field: string, type: string, operator: string, value: unknown, path: string[] = []) => ({
  field,
  type,
  path,
  operator,
  value,
});

describe("A parsed query", () => {
  it("asks for everything where nothing is said", () => {
    const everything = { where: null, sort: [], limit: null, offset: 0, search: null };
    expect(parse({})).toEqual(everything);
    expect(parse({ query: null, sort: null, limit: null, offset: null, search: null, searchFields: null })).toEqual(
      everything,
    );
    expect(parse({ sort: "", search: "", limit: 0 })).toEqual(everything);
    expect(parse({ query: {} }).where).toEqual({ and: [] });
  });

  it.each<[string, object, object]>([
    ["a value", { name: "x" }, leaf("name", "string", "$eq", "x")],
    ["the id", { id: "1" }, leaf("id", "string", "$eq", "1")],
    ["null", { name: null }, leaf("name", "string", "$eq", null)],
    [
      "several fields",
      { name: "x", count: 1 },
      { and: [leaf("name", "string", "$eq", "x"), leaf("count", "integer", "$eq", 1)] },
    ],
    [
      "several operators",
      { count: { $gt: 1, $lte: 5 } },
      { and: [leaf("count", "integer", "$gt", 1), leaf("count", "integer", "$lte", 5)] },
    ],
    ["$ne", { name: { $ne: null } }, { not: leaf("name", "string", "$eq", null) }],
    ["$nin", { count: { $nin: [1, null] } }, { not: leaf("count", "integer", "$in", [1, null]) }],
    ["$in of nothing", { name: { $in: [] } }, leaf("name", "string", "$in", [])],
    ["$exists", { tags: { $exists: false } }, leaf("tags", "array", "$exists", false)],
    ["$not of operators", { count: { $not: { $gt: 1 } } }, { not: leaf("count", "integer", "$gt", 1) }],
    ["$not of a value", { count: { $not: 1 } }, { not: leaf("count", "integer", "$eq", 1) }],
    [
      "$not of a regular expression",
      { name: { $not: /x/ } },
      { not: leaf("name", "string", "$regex", { source: "x", flags: "" }) },
    ],
    [
      "$or",
      { $or: [{ name: "x" }, { count: 1 }] },
      { or: [leaf("name", "string", "$eq", "x"), leaf("count", "integer", "$eq", 1)] },
    ],
    [
      "$or of many values of one field",
      { $or: [{ name: "x" }, { "tags.0": 1 }, { name: null }, { name: { $in: ["y"] } }, { tags: 1 }, { name: "z" }] },
      {
        or: [
          leaf("name", "string", "$in", ["x", null, "z"]),
          leaf("tags", "array", "$eq", 1, ["0"]),
          leaf("name", "string", "$in", ["y"]),
          leaf("tags", "array", "$eq", 1),
        ],
      },
    ],
    [
      "$and beside a field",
      { $and: [{ name: "x" }], count: 1 },
      { and: [{ and: [leaf("name", "string", "$eq", "x")] }, leaf("count", "integer", "$eq", 1)] },
    ],
    ["$not of conditions", { $not: { name: "x" } }, { not: leaf("name", "string", "$eq", "x") }],
    ["a path", { "address.city.name": "x" }, leaf("address", "object", "$eq", "x", ["city", "name"])],
    ["a path by index", { "tags.0": "x" }, leaf("tags", "array", "$eq", "x", ["0"])],
    ["a path with odd steps", { "address.$x.a'b": 1 }, leaf("address", "object", "$eq", 1, ["$x", "a'b"])],
    ["an object", { address: { city: "x" } }, leaf("address", "object", "$eq", { city: "x" })],
    ["an empty object", { address: {} }, leaf("address", "object", "$eq", {})],
    ["an array", { tags: ["a"] }, leaf("tags", "array", "$eq", ["a"])],
  ])("takes %s", (_, query, condition) => expect(where(query)).toMatchObject(condition));

  it.each<[string, unknown, unknown]>([
    ["name", 42, "42"],
    ["name", true, "true"],
    ["count", "42", 42],
    ["count", " 42 ", 42],
    ["count", "-1.5", -1.5],
    ["price", "1e3", 1000],
    ["isOpen", "true", true],
    ["isOpen", "false", false],
    ["at", "2024-01-02", "2024-01-02T00:00:00.000Z"],
    ["at", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["address.n", "42", "42"],
    ["address.at", new Date(0), "1970-01-01T00:00:00.000Z"],
  ])("takes for %s the value %p as %p", (name, given, value) => {
    expect(where({ [name]: given })).toMatchObject({ operator: "$eq", value });
    expect(where({ [name]: { $eq: given } })).toMatchObject({ operator: "$eq", value });
    expect(where({ [name]: { $in: [given] } })).toMatchObject({ operator: "$in", value: [value] });
  });

  it.each([
    [true, true],
    ["true", true],
    [false, false],
    ["false", false],
  ])("takes $exists %p as %p", (given, value) => {
    expect(where({ name: { $exists: given } })).toMatchObject({ operator: "$exists", value });
  });

  it.each<[object, string, string]>([
    [{ name: /^a.b/i }, "^a.b", "i"],
    [{ name: { $regex: /a/giy } }, "a", "i"],
    [{ name: { $regex: "a/b" } }, "a\\/b", ""],
    [{ name: { $regex: "a", $options: "im" } }, "a", "im"],
    [{ name: { $options: "i", $regex: "a" } }, "a", "i"],
    [{ "address.city": { $regex: "" } }, "(?:)", ""],
    [{ tags: { $regex: "😀", $options: "u" } }, "😀", "u"],
  ])("takes the regular expression %p", (query, source, flags) => {
    expect(where(query)).toMatchObject({ operator: "$regex", value: { source, flags } });
  });

  it.each<[unknown, object[]]>([
    ["name", [{ field: "name", path: [], descending: false }]],
    ["-name", [{ field: "name", path: [], descending: true }]],
    [
      "-count name",
      [
        { field: "count", path: [], descending: true },
        { field: "name", path: [], descending: false },
      ],
    ],
    [
      "-count, name",
      [
        { field: "count", path: [], descending: true },
        { field: "name", path: [], descending: false },
      ],
    ],
    [
      ["id", "-address.city"],
      [
        { field: "id", path: [], descending: false },
        { field: "address", path: ["city"], descending: true },
      ],
    ],
    [[], []],
  ])("sorts by %p", (sort, order) => expect(parse({ sort }).sort).toEqual(order));

  it("takes a page", () => expect(parse({ limit: 5, offset: 10 })).toMatchObject({ limit: 5, offset: 10 }));

  it("searches every field, or those that are named", () => {
    expect(parse({ search: "Xy" }).search).toEqual({ text: "Xy", fields: names.split(", ") });
    expect(parse({ search: "x", searchFields: ["name", "id"] }).search).toEqual({ text: "x", fields: ["name", "id"] });
    expect(parse({ search: "x", searchFields: "name, id" }).search).toEqual({ text: "x", fields: ["name", "id"] });
    expect(parse({ iSearch: "x", searchFields: "name" }).search).toEqual({ text: "x", fields: ["name"] });
  });
});

describe("A query's refusal", () => {
  const compared = "a string, number or date to compare with";
  const valueOf = (type: string) => `${type}, null or an object of operators (${leafOperators})`;
  const path = "a path of non-empty steps without quotes";

  it.each<[string, QueryParams, string, unknown, string]>([
    ["an unknown field", { query: { colour: 1 } }, "query.colour", "colour", `one of the fields ${names}`],
    [
      "an unknown field inside",
      { query: { $or: [{ name: "x" }, { $not: { colour: 1 } }] } },
      "query.$or.1.$not.colour",
      "colour",
      `one of the fields ${names}`,
    ],
    ["an empty field", { query: { "": 1 } }, "query.", "", `one of the fields ${names}`],
    ["a path into text", { query: { "name.x": 1 } }, "query.name.x", "name.x", "no path: the field name is a string"],
    [
      "a path into a date",
      { query: { "at.x": 1 } },
      "query.at.x",
      "at.x",
      "no path: the field at is a Date or an ISO 8601 string",
    ],
    ["an empty step", { query: { "address..x": 1 } }, "query.address..x", "address..x", path],
    ["a path that ends in a dot", { query: { "address.": 1 } }, "query.address.", "address.", path],
    ["a quote in a path", { query: { 'address."x"': 1 } }, 'query.address."x"', 'address."x"', path],
    [
      "an unknown operator",
      { query: { name: { $where: "1" } } },
      "query.name.$where",
      "$where",
      `one of the operators ${leafOperators}`,
    ],
    [
      "a known and an unknown operator",
      { query: { name: { $eq: "x", $elemMatch: {} } } },
      "query.name.$elemMatch",
      "$elemMatch",
      `one of the operators ${leafOperators}`,
    ],
    [
      "an operator beside a plain key",
      { query: { address: { $eq: 1, city: 1 } } },
      "query.address.city",
      "city",
      `one of the operators ${leafOperators}`,
    ],
    [
      "an unknown operator at the top",
      { query: { $nor: [] } },
      "query.$nor",
      "$nor",
      "one of the operators $and, $or, $not or a field",
    ],
    ["$or of nothing", { query: { $or: [] } }, "query.$or", "an array of 0", "an array of conditions"],
    ["$and of an object", { query: { $and: { name: "x" } } }, "query.$and", "an object", "an array of conditions"],
    ["a condition that is no object", { query: { $and: ["x"] } }, "query.$and.0", "x", "an object of conditions"],
    ["$not of text", { query: { $not: "x" } }, "query.$not", "x", "an object of conditions"],
    ["text for a query", { query: "x" }, "query", "x", "an object of conditions"],
    ["an array for a query", { query: [] }, "query", "an array of 0", "an object of conditions"],
    ["a wrong number", { query: { count: "4x" } }, "query.count", "4x", valueOf("a whole number")],
    ["empty text for a number", { query: { count: " " } }, "query.count", " ", valueOf("a whole number")],
    ["NaN", { query: { price: NaN } }, "query.price", "NaN", valueOf("a finite number")],
    ["undefined", { query: { name: undefined } }, "query.name", "undefined", valueOf("a string")],
    ["an object for text", { query: { name: { x: 1 } } }, "query.name", "an object", valueOf("a string")],
    ["an array for text", { query: { name: ["x"] } }, "query.name", "an array of 1", valueOf("a string")],
    ["a wrong boolean", { query: { isOpen: 1 } }, "query.isOpen", 1, valueOf("true or false")],
    ["a wrong date", { query: { at: "now" } }, "query.at", "now", valueOf("a Date or an ISO 8601 string")],
    [
      "a wrong value in a list",
      { query: { count: { $in: [1, "x"] } } },
      "query.count.$in.1",
      "x",
      valueOf("a whole number"),
    ],
    ["$in of a value", { query: { count: { $in: 1 } } }, "query.count.$in", 1, "an array"],
    ["$nin of text", { query: { name: { $nin: "x" } } }, "query.name.$nin", "x", "an array"],
    ["$gt of null", { query: { count: { $gt: null } } }, "query.count.$gt", null, compared],
    ["$lt of a boolean", { query: { isOpen: { $lt: true } } }, "query.isOpen.$lt", true, compared],
    ["$gte of an object", { query: { address: { $gte: {} } } }, "query.address.$gte", "an object", compared],
    ["$exists of a number", { query: { name: { $exists: 1 } } }, "query.name.$exists", 1, "true or false"],
    [
      "$regex on a number",
      { query: { count: { $regex: "1" } } },
      "query.count.$regex",
      "1",
      "no $regex on a whole number",
    ],
    ["a RegExp on a date", { query: { at: /x/ } }, "query.at", "a RegExp", "no $regex on a Date or an ISO 8601 string"],
    [
      "$regex of a number",
      { query: { name: { $regex: 1 } } },
      "query.name.$regex",
      1,
      "a regular expression as a string",
    ],
    [
      "a broken $regex",
      { query: { name: { $regex: "(" } } },
      "query.name.$regex",
      "(",
      expect.stringContaining("a regular expression (Invalid regular expression") as string,
    ],
    [
      "unknown flags",
      { query: { name: { $regex: "a", $options: "q" } } },
      "query.name.$regex",
      "a",
      expect.stringContaining("flags") as string,
    ],
    [
      "flags that are no text",
      { query: { name: { $regex: "a", $options: 1 } } },
      "query.name.$regex",
      1,
      "$options: a string of flags, like i",
    ],
    [
      "flags without a $regex",
      { query: { name: { $eq: "a", $options: "i" } } },
      "query.name.$options",
      "i",
      "$regex beside it",
    ],
    ["NaN on a path", { query: { "address.n": NaN } }, "query.address.n", "NaN", expect.any(String) as string],
    [
      "an infinite bound on a path",
      { query: { "address.n": { $lt: Infinity } } },
      "query.address.n.$lt",
      "Infinity",
      expect.any(String) as string,
    ],
    ["a BigInt on a path", { query: { "address.n": 1n } }, "query.address.n", "BigInt 1", expect.any(String) as string],
    [
      "a BigInt deep in a value",
      { query: { address: { a: [1n] } } },
      expect.stringContaining("query.address") as string,
      expect.anything(),
      expect.any(String) as string,
    ],
    [
      "a symbol on a path",
      { query: { "address.n": Symbol("x") } },
      "query.address.n",
      "symbol",
      expect.any(String) as string,
    ],
    ["a sort by an unknown field", { sort: "name,-colour" }, "sort", "colour", `one of the fields ${names}`],
    ["a sort by an object", { sort: "address" }, "sort", "address", "no sort by an object; a path into it will do"],
    ["a sort by an array", { sort: "-tags" }, "sort", "-tags", "no sort by an array; a path into it will do"],
    ["a sort by a number", { sort: 1 }, "sort", 1, "a string or an array of them"],
    ["a sort by an object of orders", { sort: { name: 1 } }, "sort", "an object", "a string or an array of them"],
    ["a sort by a list of numbers", { sort: [1] }, "sort", 1, "a field's name, with - in front for descending"],
    ["a negative limit", { limit: -1 }, "limit", -1, "a whole number from 0"],
    ["half a limit", { limit: 0.5 }, "limit", 0.5, "a whole number from 0"],
    ["a limit as text", { limit: "5" }, "limit", "5", "a whole number from 0"],
    ["a negative offset", { offset: -1 }, "offset", -1, "a whole number from 0"],
    ["a search for a number", { search: 1 }, "search", 1, "a string"],
    [
      "a search in an unknown field",
      { search: "x", searchFields: ["name", "colour"] },
      "searchFields",
      "colour",
      `one of the fields ${names}`,
    ],
    [
      "a search in a path",
      { search: "x", searchFields: "address.city" },
      "searchFields",
      "address.city",
      `one of the fields ${names}`,
    ],
    ["a search in a number", { search: "x", searchFields: 1 }, "searchFields", 1, "an array of fields"],
  ])("names the field for %s", async (_, params, field, found, expected) => {
    const error = await refusal(() => parse(params));
    expect(error).toMatchObject({ name: "InvalidQueryError", code: 422, type: "INVALID_QUERY", retryable: false });
    expect(error.data).toMatchObject([{ field, expected }]);
    expect(String((error.data as { actual: unknown }[])[0]!.actual)).toEqual(
      typeof found === "object" && found !== null ? found : String(found),
    );
  });

  it("comes also for conditions that are nested beyond measure", async () => {
    let query: object = { name: "x" };
    for (let depth = 0; depth < 50_000; depth++) query = { $not: query };
    expect(await refusal(() => parse({ query }))).toMatchObject({ type: "INVALID_QUERY" });
  });
});
