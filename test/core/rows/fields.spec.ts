import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  checkRow,
  idProblem,
  isoDate,
  missingFields,
  parseFields,
  rowId,
  type FieldsInput,
} from "../../../core/rows/fields.ts";
import { refusal } from "../../support/broker.ts";

const parse = (input: object) => parseFields("table", input as FieldsInput);

const all = parse({
  text: "string",
  count: "integer",
  price: "number",
  isOpen: "boolean",
  at: "date",
  address: "object",
  tags: "array",
});

const fieldNameRule = 'a name of 1 to 63 letters, digits and _ other than "id", which every row has';
const typeRule = "one of string, integer, number, boolean, date, object, array";

describe("The fields of a table", () => {
  it("are a type each, or a type with options", () => {
    const fields = parse({ name: "string", iban: { type: "string", unique: true, required: true, index: true } });
    expect([...fields]).toEqual([
      ["name", { name: "name", type: "string", index: false, unique: false, required: false }],
      ["iban", { name: "iban", type: "string", index: true, unique: true, required: true }],
    ]);
  });

  it.each(["a", "_a", "A1", "a_b", "x".repeat(63), "rowid", "order", "select", "constructor", "toString"])(
    "may be called %p",
    (name) => expect([...parse({ [name]: "string" }).keys()]).toEqual([name]),
  );

  it.each<[string, object, string, unknown, string]>([
    ["none", {}, "table.fields", "an object", 'an object with at least one field, like {name: "string"}'],
    ["a dot in a name", { "a.b": "string" }, "table.fields.a.b", "a.b", fieldNameRule],
    ["a dash in a name", { "a-b": "string" }, "table.fields.a-b", "a-b", fieldNameRule],
    ["a digit in front", { "1a": "string" }, "table.fields.1a", "1a", fieldNameRule],
    ["an empty name", { "": "string" }, "table.fields.", "", fieldNameRule],
    ["a quote in a name", { 'a"': "string" }, 'table.fields.a"', 'a"', fieldNameRule],
    ["a letter with an accent", { é: "string" }, "table.fields.é", "é", fieldNameRule],
    ["64 characters", { ["x".repeat(64)]: "string" }, `table.fields.${"x".repeat(64)}`, "x".repeat(64), fieldNameRule],
    ["id", { id: "string" }, "table.fields.id", "id", fieldNameRule],
    ["_id", { _id: "string" }, "table.fields._id", "_id", fieldNameRule],
    [
      "__proto__",
      JSON.parse('{"__proto__":"string"}') as object,
      "table.fields.__proto__",
      "__proto__",
      expect.any(String),
    ],
    ["a list of names", ["name"], "table.fields.0", "0", fieldNameRule],
    ["an unknown type", { a: "text" }, "table.fields.a", "text", typeRule],
    ["no type", { a: { index: true } }, "table.fields.a", "undefined", typeRule],
    ["null for a type", { a: null }, "table.fields.a", "undefined", typeRule],
    ["a number for a type", { a: 1 }, "table.fields.a", "undefined", typeRule],
    [
      "names that differ by case",
      { name: "string", Name: "string" },
      "table.fields.Name",
      "Name",
      'a name that differs from "name" by more than case',
    ],
    [
      "an index on an object",
      { a: { type: "object", index: true } },
      "table.fields.a",
      "object",
      "no index on an object or array",
    ],
    [
      "a unique array",
      { a: { type: "array", unique: true } },
      "table.fields.a",
      "array",
      "no index on an object or array",
    ],
  ])("are refused for %s", async (_, input, field, found, expected) => {
    const error = await refusal(() => parse(input));
    expect(error).toMatchObject({ name: "DefinitionError", code: 500, type: "DEFINITION", retryable: false });
    expect(error.data).toMatchObject([{ field, actual: found, expected }]);
  });

  it.each([null, undefined, "name"])("are refused where they are %p", async (input) => {
    const error = await refusal(() => parse(input as unknown as object));
    expect(error).toMatchObject({ type: "DEFINITION", data: [{ field: expect.stringMatching(/^table\.fields/) }] });
  });
});

describe("A row", () => {
  it.each<[string, unknown, unknown]>([
    ["text", "", ""],
    ["text", "a\0b\n😀'\"", "a\0b\n😀'\""],
    ["text", "x".repeat(100_000), "x".repeat(100_000)],
    ["count", 0, 0],
    ["count", -5, -5],
    ["count", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["count", 2.0, 2],
    ["price", 0.1, 0.1],
    ["price", 1e300, 1e300],
    ["isOpen", false, false],
    ["at", "2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["at", "2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09.000Z"],
    ["at", new Date(5), "1970-01-01T00:00:00.005Z"],
    ["address", {}, {}],
    ["address", { a: undefined, when: new Date(0) }, { when: "1970-01-01T00:00:00.000Z" }],
    ["tags", [], []],
    ["tags", [1, "x", null, { a: [] }], [1, "x", null, { a: [] }]],
    ["text", null, null],
    ["tags", null, null],
  ])("holds in %s the value %p", (name, given, stored) => {
    expect(checkRow(all, { id: "1", [name]: given })).toEqual({ [name]: stored });
  });

  it("leaves out what is undefined, and its id", () => {
    expect(checkRow(all, { id: "1", text: undefined, unknown: undefined, count: 1 })).toStrictEqual({ count: 1 });
  });

  it.each<[string, unknown, string]>([
    ["text", 1, "a string"],
    ["text", "a\ud800", "a string of well-formed Unicode"],
    ["text", ["a"], "a string"],
    ["count", 1.5, "a whole number"],
    ["count", "1", "a whole number"],
    ["count", 2 ** 53, "a whole number"],
    ["count", 1n, "a whole number"],
    ["price", NaN, "a finite number"],
    ["price", Infinity, "a finite number"],
    ["price", "0.1", "a finite number"],
    ["isOpen", 1, "true or false"],
    ["isOpen", "true", "true or false"],
    ["at", "yesterday", "a Date or an ISO 8601 string"],
    ["at", 0, "a Date or an ISO 8601 string"],
    ["at", new Date(NaN), "a Date or an ISO 8601 string"],
    ["address", [], "an object"],
    ["address", "x", "an object"],
    ["address", new Date(0), "an object"],
    ["address", { toJSON: () => [] }, "an object"],
    ["tags", {}, "an array"],
    ["tags", "a,b", "an array"],
  ])("is refused in %s for %p", async (name, found, expected) => {
    const error = await refusal(() => checkRow(all, { [name]: found }));
    expect(error).toMatchObject({ name: "InvalidRowError", code: 500, type: "INVALID_ROW", retryable: false });
    expect(error.data).toMatchObject([{ field: name, expected }]);
  });

  it.each([
    ["address", { a: { b: 1n } }, "address.a.b"],
    ["tags", [1, NaN], "tags.1"],
    ["address", new Map(), "address"],
    ["address", { total: Promise.resolve(1) }, "address.total"],
    ["tags", [{ "\ud800": 1 }], "tags.0.\\ud800"],
  ])("names the path of what JSON cannot hold in %s", async (name, found, field) => {
    const error = await refusal(() => checkRow(all, { [name]: found }));
    expect(error).toMatchObject({ type: "INVALID_ROW", data: [{ field }] });
  });

  it("lists every problem at once, undeclared and required fields among them", async () => {
    const fields = parse({ name: { type: "string", required: true }, count: "integer", address: "object" });
    const error = await refusal(() => checkRow(fields, { name: null, count: "x", colour: "red", address: 1 }));
    expect(error.data).toMatchObject([
      { field: "name", actual: null, expected: "a value (string): the field is required" },
      { field: "count", actual: "x", expected: "a whole number" },
      { field: "colour", actual: "red", expected: "one of the declared fields name, count, address" },
      { field: "address", actual: 1, expected: "an object" },
    ]);
  });

  it("lists what JSON cannot hold beside the other problems", async () => {
    const error = await refusal(() => checkRow(all, { count: "x", address: { a: 1n }, price: "y" }));
    expect((error.data as { field: string }[]).map(({ field }) => field)).toEqual(["count", "address.a", "price"]);
  });

  it("keeps no tie to the transform's objects", () => {
    const tags = [1];
    const values = checkRow(all, { tags });
    tags.push(2);
    expect(values).toEqual({ tags: [1] });
  });
});

describe("The required fields of a new row", () => {
  const fields = parse({
    name: { type: "string", required: true },
    at: { type: "date", required: true },
    count: "integer",
  });

  it.each([
    [{}, ["name", "at"]],
    [{ name: "x" }, ["at"]],
    [{ name: "", at: null }, ["at"]],
    [{ name: "", at: "2024-01-01T00:00:00.000Z" }, []],
  ])("that %p leaves out are %p", (values, missing) => {
    expect(missingFields(fields, values).map(({ field }) => field)).toEqual(missing);
  });

  it.each(["constructor", "toString", "valueOf"])("are missed also where one is called %s", (name) => {
    const fields = parse({ [name]: { type: "string", required: true } });
    expect(missingFields(fields, checkRow(fields, {})).map(({ field }) => field)).toEqual([name]);
  });
});

describe("The id of a row", () => {
  it.each(["1", "x".repeat(255), "with spaces", "😀", "a.b-$%_'\"", " "])("may be %p", (id) => {
    expect(idProblem(id)).toBeNull();
    expect(rowId(id)).toBe(id);
  });

  it.each([null, undefined])("is not given where it is %p", (id) => expect(rowId(id)).toBeNull());

  it.each(["", "x".repeat(256), "\ud800", "a\0b", NaN, {}, true])("is never %p", async (id) => {
    const error = await refusal(() => rowId(id));
    expect(error).toMatchObject({
      name: "InvalidRowError",
      code: 500,
      type: "INVALID_ROW",
      data: [{ field: "id", expected: expect.stringContaining("a string of 1 to 255 characters") as string }],
    });
  });
});

describe("A date", () => {
  it.each([
    ["2024-01-02", "2024-01-02T00:00:00.000Z"],
    ["2024-01-02T03:04Z", "2024-01-02T03:04:00.000Z"],
    ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000Z"],
    ["2024-01-02T03:04:05.6Z", "2024-01-02T03:04:05.600Z"],
    ["2024-01-02T03:04:05.123456Z", "2024-01-02T03:04:05.123Z"],
    ["2024-01-02T03:04:05+13:45", "2024-01-01T13:19:05.000Z"],
    ["0001-01-01", "0001-01-01T00:00:00.000Z"],
  ])("%s is kept as %s", (given, kept) => expect(isoDate(given)).toBe(kept));

  it.each([
    "",
    "now",
    "2024",
    "2024-01",
    "01/02/2024",
    "Jan 2 2024",
    "2024-13-01",
    "2024-01-32",
    "2024-01-01T24:01",
    "2024-01-01 and more",
    // Date guesses at each of the following differently.
    "2024-02-30",
    "2023-02-29",
    "2024-01-011",
    "2024-01-01 (noon)",
    "2024-01-01 PST",
    "-2024-01-01",
    "20240-01-01",
    // Dates are compared as text, which sorts like time only for years of four digits.
    "+010000-01-01",
    "-000001-01-01",
    new Date(8.64e15),
    1704067200000,
    {},
    null,
  ])("is never %p", (found) => expect(isoDate(found)).toBeUndefined());

  it("without an offset is the same moment in every time zone, since rows are a function of the log", () => {
    const source = fileURLToPath(new URL("../../../core/rows/fields.ts", import.meta.url));
    const ask = `import { isoDate } from ${JSON.stringify(source)}; console.log(isoDate("2024-01-02T03:04:05"));`;
    const inZone = (TZ: string) =>
      execFileSync(process.execPath, ["--input-type=module", "--eval", ask], {
        env: { ...process.env, TZ },
        encoding: "utf8",
      });
    expect(inZone("Pacific/Auckland")).toBe(inZone("America/New_York"));
  });
});
