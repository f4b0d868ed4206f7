import { isProblem, toJson, type JsonValue } from "../../../core/json/json.ts";
import { payloadCheck } from "../../../core/catalogue/payload-check.ts";
import type { PayloadSchema } from "../../../core/catalogue/payload-schema.ts";

function check(schema: PayloadSchema, payload: unknown) {
  const json = toJson("payload", payload);
  if (isProblem(json)) throw new Error("not a JSON value");
  return payloadCheck("bank", schema, "accept")("events.0", json);
}

/** `<field> expected <what>` per problem, with fields from `payload` on. */
function problems(schema: PayloadSchema, payload: unknown): string[] {
  const found = check(schema, payload);
  if (!Array.isArray(found)) throw new Error("the payload passed");
  return found.map(({ field, expected }) => `${field.replace("events.0.", "")} expected ${expected}`);
}

const stored = (schema: PayloadSchema, payload: unknown): unknown => (check(schema, payload) as JsonValue).value;

describe("A payload's problems", () => {
  it.each<[unknown, unknown, string]>([
    ["string", 5, "a string"],
    ["string", undefined, "a value: the field is required"],
    ["string", null, "a value: the field is required"],
    ["string|min:2", "x", "a string of at least 2 characters"],
    ["string|max:1", "xx", "a string of at most 1 character"],
    ["string|length:2", "x", "a string of 2 characters"],
    ["string|no-empty", "", "a string that is not empty"],
    ["string|numeric", "x", "a string that is a number"],
    ["string|alpha", "5", "a string of letters"],
    ["string|contains:at", "x", 'a string that contains "at"'],
    [{ type: "string", pattern: /^a"b$/ }, "x", 'a string that matches /^a"b$/'],
    [{ type: "string", enum: ["a", "b"] }, "x", "one of a, b"],
    [{ type: "enum", values: ["a", 5] }, "x", "one of a, 5"],
    ["number", "5", "a finite number"],
    ["number|integer", 1.5, "a whole number"],
    ["number|min:3", 2, "a number of at least 3"],
    ["number|max:3", 4, "a number of at most 3"],
    ["number|positive", 0, "a number above 0"],
    ["number|negative", 0, "a number below 0"],
    ["boolean", "yes", "true or false"],
    ["date", "yesterday", "an ISO 8601 string"],
    ["date", 5, "an ISO 8601 string"],
    ["email", "x", "an e-mail address"],
    ["url", "x", "a URL"],
    ["uuid", "x", "a UUID"],
    ["object", [], "an object"],
    ["array", {}, "an array"],
    ["array|min:1", [], "an array of at least 1 item"],
    ["array|length:1", [], "an array of 1 item"],
    ["array|unique", [1, 1], "an array without the same item twice ([1])"],
    ["forbidden", 5, "no such field"],
    [{ type: "equal", value: 5, strict: true }, 6, "5"],
    [["string", "number"], true, "a string or a finite number"],
    [["string", ["number", "boolean"]], [], "a string or a finite number or true or false"],
  ])("of the rule %j, with %j, are in the house's words", (rule, found, expected) => {
    expect(problems({ field: rule }, { field: found })).toEqual([`payload.field expected ${expected}`]);
  });

  it("name fields at every depth, by the key they have in the payload", () => {
    const schema = {
      tags: "string[]",
      "two words": { $$type: "object", "it's": "string" },
      rows: { type: "array", items: { type: "object", props: { id: "number" } } },
    };
    expect(problems(schema, { tags: ["a", 5], "two words": { "it's": 5 }, rows: [{ id: 1 }, {}] })).toEqual([
      "payload.tags.1 expected a string",
      "payload.two words.it's expected a string",
      "payload.rows.1.id expected a value: the field is required",
    ]);
  });

  it("name each field that is too many", () => {
    expect(check({ $$strict: true, a: "string?", b: "any" }, { b: 1, c: 2, "d e": 3 })).toEqual([
      { field: "events.0.payload.c", found: 2, expected: "no field but a, b" },
      { field: "events.0.payload.d e", found: 3, expected: "no field but a, b" },
    ]);
  });

  it("show what was sent, not what it was converted to", () => {
    expect(check({ n: "number|convert|min:3" }, { n: "2" })).toEqual([
      { field: "events.0.payload.n", found: "2", expected: "a number of at least 3" },
    ]);
  });

  it("of a union are those of the alternative that was meant", () => {
    const schema = {
      shape: [
        { type: "object", props: { kind: { type: "equal", value: "circle" }, radius: "number" } },
        { type: "object", props: { kind: { type: "equal", value: "square" }, side: "number" } },
      ],
    };
    expect(problems(schema, { shape: { kind: "square", side: "5" } })).toEqual([
      "payload.shape.side expected a finite number",
    ]);
    expect(problems(schema, { shape: 5 })).toEqual(["payload.shape expected an object"]);
  });

  it("of a custom checker are in its own words", () => {
    const even = (value: number, errors: object[]) => {
      if (value % 2 === 1) errors.push({ type: "even", message: "must be even" });
      return value;
    };
    expect(problems({ n: { type: "number", custom: even } }, { n: 3 })).toEqual([
      "payload.n expected a value that its schema accepts (must be even)",
    ]);
  });

  it("report a checker that throws, or that returns a promise", () => {
    const broken = () => {
      throw new TypeError("broken");
    };
    expect(problems({ n: { type: "number", custom: broken } }, { n: 3 })).toEqual([
      "payload expected a payload that can be checked (TypeError: broken)",
    ]);
    expect(problems({ n: { type: "number", custom: () => Promise.reject(new Error("late")) } }, { n: 3 })).toEqual([
      expect.stringMatching(/bank: custom returned a promise, expected the value itself/),
    ]);
  });

  it("of a payload that is no object are those of a schema with $$root", () => {
    expect(stored({ $$root: true, type: "string", trim: true }, " x ")).toBe("x");
    expect(problems({ $$root: true, type: "string" }, 5)).toEqual(["payload expected a string"]);
    expect(problems({ a: "string" }, [])).toEqual(["payload expected an object"]);
    expect(stored(["string", { type: "object", props: { a: "number|convert" } }], { a: "5" })).toEqual({ a: 5 });
  });
});

describe("A payload's schema", () => {
  it('takes "string?" for "string|optional" at every level, and nowhere else', () => {
    const schema = {
      a: "string?",
      b: { type: "object", props: { c: "number?|min:3" } },
      d: { $$type: "object?", e: "string[]?" },
      f: { type: "array", items: { type: "object", props: { g: "any?" } } },
      h: ["string?", "number?"],
      i: { type: "enum", values: ["why?"], default: "why?" },
    };
    expect(stored(schema, { b: {}, f: [{}] })).toEqual({ b: {}, f: [{}], i: "why?" });
    expect(problems(schema, { b: { c: 1 }, f: [] })).toEqual(["payload.b.c expected a number of at least 3"]);
  });

  it("takes dates as the strings that JSON has, and writes UTC where it converts", () => {
    expect(stored({ at: "date" }, { at: "2024-05-01" })).toEqual({ at: "2024-05-01" });
    expect(stored({ at: "date|convert" }, { at: "2024-05-01T02:00:00+02:00" })).toEqual({
      at: "2024-05-01T00:00:00.000Z",
    });
    expect(stored({ at: "date|convert" }, { at: 0 })).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });

  it("hands every alternative of a union the value as it was sent", () => {
    const schema = {
      one: [
        { type: "object", props: { n: "number|convert", kind: { type: "equal", value: "a" } } },
        { type: "object", props: { n: "string", kind: { type: "equal", value: "b" } } },
      ],
    };
    expect(stored(schema, { one: { n: "5", kind: "b" } })).toEqual({ one: { n: "5", kind: "b" } });
    expect(stored(schema, { one: { n: "5", kind: "a" } })).toEqual({ one: { n: 5, kind: "a" } });
  });

  it("may have a default made by a function", () => {
    expect(stored({ a: { type: "string", default: () => "made" } }, {})).toEqual({ a: "made" });
  });
});
