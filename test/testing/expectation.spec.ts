import { runInNewContext } from "node:vm";
import { expectEqual, expectError, partOf, type ExpectedError } from "../../testing/scenario/expectation.ts";

const elsewhere = (code: string): unknown => runInNewContext(`(${code})`);

describe("Equality of what was found and expected", () => {
  it.each<[string, unknown, unknown]>([
    ["plain objects of another realm", elsewhere("{ a: [{ b: 1 }] }"), { a: [{ b: 1 }] }],
    ["objects without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["maps", new Map([["a", 1]]), new Map([["a", 1]])],
    ["dates", new Date(5), new Date(5)],
  ])("holds of %s", (_, found, expected) => {
    expect(() => expectEqual("it", found, expected)).not.toThrow();
  });

  it.each<[string, unknown, unknown]>([
    ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
    ["dates", new Date(5), new Date(6)],
    ["a field that is undefined", { a: undefined }, {}],
    ["a map and an object", new Map(), {}],
    ["a number and a text", { a: 1 }, { a: "1" }],
  ])("notices a difference of %s", (_, found, expected) => {
    expect(() => expectEqual("it differs", found, expected)).toThrow(/^it differs\n/);
  });
});

describe("The expectation of an error", () => {
  const error = Object.assign(new RangeError("too much"), {
    type: "TOO_MUCH",
    code: 422,
    data: [{ field: "a", actual: 5 }],
  });

  it.each<[string, ExpectedError]>([
    ["a class above its own", Error],
    ["no field at all", {}],
    ["a part of its data", { data: [{ field: "a" }] }],
    ["patterns", { name: /Range/, type: /^TOO/, message: /much/ }],
  ])("is met by %s", (_, expected) => {
    expect(() => expectError("it", error, expected)).not.toThrow();
  });

  it.each<[string, ExpectedError]>([
    ["another class", TypeError],
    ["another pattern in a field", { type: /LITTLE/ }],
    ["a field that is not there", { data: [{ field: "a", expected: 6 }] }],
    ["another value in its data", { data: [{ field: "b" }] }],
    ["less than all of a list", { data: [] }],
    ["more than all of a list", { data: [{ field: "a" }, { field: "b" }] }],
    ["an error with other fields", new RangeError("too much")],
    ["a pattern for what is no text", { data: /5/ }],
  ])("is not met by %s", (_, expected) => {
    if (expected instanceof RangeError) Object.assign(expected, { code: 409 });
    expect(() => expectError("it differs", error, expected)).toThrow("it differs: RangeError: too much (422 TOO_MUCH)");
  });

  it("takes what is no error for what it is", () => {
    expect(() => expectError("it differs", "a text", /text/)).not.toThrow();
    expect(() => expectError("it differs", undefined, { type: "X" })).toThrow("it differs: undefined");
  });
});

describe("The part of what was found that is expected", () => {
  it("has no fields but those that are said", () => {
    expect(partOf({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 0 }, e: 1 })).toEqual({ b: { c: 2 } });
  });
});
