import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { isProblem, toJson } from "../../core/json.ts";
import { seed } from "../support/chance.ts";

describe("The JSON of a value", () => {
  it.each([
    ["text", "x", '"x"'],
    ["an empty object", {}, "{}"],
    ["null inside", { a: null, b: [null] }, '{"a":null,"b":[null]}'],
    ['the word "null"', { a: "null NaN" }, '{"a":"null NaN"}'],
    ["undefined fields, which disappear", { a: undefined, b: { c: undefined } }, '{"b":{}}'],
    ["a Date", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ["a thing with toJSON", { toJSON: () => ({ a: null }) }, '{"a":null}'],
    ["half a character", "\ud800", '"\\ud800"'],
    ["minus zero", -0, "0"],
    ["the largest number", Number.MAX_VALUE, "1.7976931348623157e+308"],
  ])("keeps %s", (_, input, text) => {
    expect(toJson("payload", input)).toEqual({ text, value: JSON.parse(text) as unknown });
  });

  it("keeps the same object in two places", () => {
    const shared = { a: 1 };
    expect(toJson("payload", { x: shared, y: [shared] })).toMatchObject({ text: '{"x":{"a":1},"y":[{"a":1}]}' });
  });

  const circle: { list: unknown[] } = { list: [1] };
  circle.list.push(circle);

  it.each([
    ["undefined", undefined, "payload", "a JSON value"],
    ["a function", () => 1, "payload", "a JSON value"],
    ["NaN beside a null", { a: null, b: [0, NaN] }, "payload.b.1", "a finite number"],
    ["-Infinity", -Infinity, "payload", "a finite number"],
    ["a BigInt", { a: [1n] }, "payload.a.0", "a JSON value (write it as a string)"],
    ["a circle", circle, "payload.list.1", "a JSON value without a circular reference"],
    ["a function inside", { on: { click: () => 1 } }, "payload.on.click", expect.any(String)],
    ["a function in an array", [() => 1], "payload.0", expect.any(String)],
    ["an invalid Date", { at: new Date(NaN) }, "payload.at", expect.any(String)],
  ])("has no form for %s, and names its path", (_, input, field, expected) => {
    const result = toJson("payload", input);
    expect(isProblem(result)).toBe(true);
    expect(result).toMatchObject({ field, expected });
  });

  it("holds 500 levels and no more, also where a toJSON makes them", () => {
    let list: unknown = [];
    for (let levels = 1; levels < 500; levels++) list = [list];
    expect(isProblem(toJson("payload", list))).toBe(false);
    const expected = "a JSON value of at most 500 levels";
    expect(toJson("payload", [list])).toMatchObject({ field: "payload", expected });
    expect(toJson("payload", { toJSON: () => [list] })).toMatchObject({ field: "payload", expected });
  });

  it("says why, where a toJSON throws", () => {
    const input = {
      toJSON() {
        throw new Error("no text for me");
      },
    };
    expect(toJson("payload", input)).toMatchObject({ field: "payload", expected: expect.stringContaining("no text") });
  });

  it("is told from a problem, also when the value has a field called expected", () => {
    expect(isProblem(toJson("payload", { expected: 1 }))).toBe(false);
  });

  it("is what is left of any value that is written and parsed again", () => {
    const leaf = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.date({ noInvalidDate: true }), fc.constant(-0));
    const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "toJSON", "constructor", "10", "9"));
    const dictionary = (value: fc.Arbitrary<unknown>) => fc.dictionary(keys, value, { noNullPrototype: false });
    const any = fc.oneof(leaf, dictionary(fc.oneof(leaf, fc.array(leaf), dictionary(leaf))));
    fc.assert(
      fc.property(any, (input) => {
        fc.pre(input !== undefined);
        const text = JSON.stringify(input);
        // The strict equality of jest takes a field called constructor for a type.
        expect(isDeepStrictEqual(toJson("payload", input), { text, value: JSON.parse(text) as unknown })).toBe(true);
      }),
      { seed },
    );
  });
});
