import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { runInNewContext } from "node:vm";
import { isOversize, isProblem, toJson } from "../../../core/json/json.ts";
import { show } from "../../../core/errors/problem.ts";
import { seed } from "../../support/chance.ts";

class Money {
  readonly currency = "EUR";
  readonly #cents = 5;

  get cents(): number {
    return this.#cents;
  }
}

class Price {
  readonly #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  toJSON(): object {
    return { cents: this.#cents };
  }
}

class Itself {
  readonly a = 1;

  toJSON(): this {
    return this;
  }
}

const throwing = (trap: "get" | "ownKeys" | "getPrototypeOf") =>
  new Proxy(
    { a: 1 },
    {
      [trap]() {
        throw new Error("not for you");
      },
    },
  );

function* numbers() {
  yield 1;
}

describe("The JSON of a value", () => {
  it.each([
    ["text", "x", '"x"'],
    ["an empty object", {}, "{}"],
    ["null inside", { a: null, b: [null] }, '{"a":null,"b":[null]}'],
    ['the word "null"', { a: "null NaN" }, '{"a":"null NaN"}'],
    ["undefined fields, which disappear", { a: undefined, b: { c: undefined } }, '{"b":{}}'],
    ["a Date", { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ["a thing with toJSON", { toJSON: () => ({ a: null }) }, '{"a":null}'],
    ["a whole character of two units", "\ud83d\udc4d", '"👍"'],
    ["the letters of an escape", { "\\ud83d": "\\ud83d" }, '{"\\\\ud83d":"\\\\ud83d"}'],
    ["a NUL", "a\0b", '"a\\u0000b"'],
    ["an object without a prototype", Object.assign(Object.create(null) as object, { a: [1] }), '{"a":[1]}'],
    [
      "objects of another realm",
      runInNewContext("({ a: [{ b: new Date(0) }] })"),
      '{"a":[{"b":"1970-01-01T00:00:00.000Z"}]}',
    ],
    ["undefined in an array, as null", [undefined, 1], "[null,1]"],
    ["a Buffer, which has toJSON", Buffer.from("a"), '{"type":"Buffer","data":[97]}'],
    ["a URL, which has toJSON", new URL("http://a.b/"), '"http://a.b/"'],
    ["a field called toJSON", { toJSON: 1 }, '{"toJSON":1}'],
    ["what a class writes of itself", [new Price(5)], '[{"cents":5}]'],
    ["what a class that is its own JSON has", new Itself(), '{"a":1}'],
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

  it.each<[string, unknown, string, string]>([
    ["a Promise", Promise.resolve(1), "a Promise", "a JSON value (was it awaited?)"],
    [
      "a promise of a library",
      new (class Bluebird {
        // oxlint-disable-next-line no-thenable -- it is what promises of libraries have
        then() {}
      })(),
      "an instance of Bluebird",
      "a JSON value (was it awaited?)",
    ],
    ["a Map", new Map([[1, 2]]), "a Map", "a JSON value (an object or an array)"],
    ["a Set", new Set([1]), "a Set", "a JSON value (an object or an array)"],
    ["an Error", new TypeError("x"), "a TypeError", "a JSON value (of an error, its name and message)"],
    ["a RegExp", /x/, "a RegExp", "a JSON value (its source, as a text)"],
    ["a WeakMap", new WeakMap(), "a WeakMap", "plain JSON (give the class a toJSON)"],
    ["a WeakSet", new WeakSet(), "a WeakSet", "plain JSON (give the class a toJSON)"],
    ["a generator", numbers(), "a generator", "a JSON value (an array of what it yields)"],
    ["an iterator", [1].values(), "an Iterator", "a JSON value (an array of what it yields)"],
    ["bytes", new Uint8Array(2), "a Uint8Array", "a JSON value (an array of numbers, or a text in base64)"],
    [
      "a buffer of bytes",
      new ArrayBuffer(2),
      "an ArrayBuffer",
      "a JSON value (an array of numbers, or a text in base64)",
    ],
    ["a boxed number", Object(5), "a Number", "a JSON value (the value without its box)"],
    ["a boxed text", Object("x"), "a String", "a JSON value (the value without its box)"],
    ["search params", new URLSearchParams("a=1"), "a URLSearchParams", "plain JSON (give the class a toJSON)"],
    ["an instance of a class", new Money(), "an instance of Money", "plain JSON (give the class a toJSON)"],
    [
      "an object that inherits fields",
      Object.create({ a: 1 }),
      "an object with a prototype",
      "plain JSON (give the class a toJSON)",
    ],
    [
      "a Map of another realm",
      runInNewContext("new Map()"),
      "an instance of Map",
      "a JSON value (an object or an array)",
    ],
    ["half a character", "Great \ud83d", '"Great \\ud83d"', "text that is well-formed Unicode"],
    ["half a character as a key", { "\udc4d": 1 }, '"\\udc4d"', "a key that is well-formed Unicode"],
    [
      "a getter that throws",
      {
        get a() {
          throw new Error("not for you");
        },
      },
      "an object",
      "a JSON value (reading it throws Error: not for you)",
    ],
    ["a Proxy whose fields throw", throwing("get"), "a Proxy", "a JSON value (reading it throws Error: not for you)"],
    [
      "a Proxy whose names throw",
      throwing("ownKeys"),
      "a Proxy",
      "a JSON value (reading it throws Error: not for you)",
    ],
    [
      "a Proxy whose prototype throws",
      throwing("getPrototypeOf"),
      "a Proxy",
      "a JSON value (reading it throws Error: not for you)",
    ],
    ["a toJSON that loses something", { toJSON: () => new Map() }, "a Map", "a JSON value (an object or an array)"],
  ])("would lose %s, and says where and what", (_what, lost, found, expected) => {
    for (const [field, input] of Object.entries({
      payload: lost,
      "payload.a": { a: lost },
      "payload.0.b": [{ b: lost }],
    })) {
      const result = toJson("payload", input);
      expect(isProblem(result) && { ...result, found: show(result.found) }).toMatchObject({
        field: expect.stringMatching(new RegExp(`^${field}`)) as string,
        found,
        expected,
      });
    }
  });

  it("is not looked for beyond the characters that are wanted, on whatever ways an object is reached", () => {
    let many: unknown = ["x"];
    for (let level = 0; level < 100; level++) many = [many, many];
    for (const input of [
      many,
      "x".repeat(1001),
      { toJSON: () => many },
      Object.assign([], { length: 2 ** 32 - 1 }),
      { ["k".repeat(1001)]: 1 },
    ]) {
      const result = toJson("payload", input, 1000);
      expect(isOversize(result) && result).toMatchObject({ field: "payload", atLeast: expect.any(Number) as number });
    }
    expect(toJson("payload", ["x".repeat(997)], 1000)).toMatchObject({ value: ["x".repeat(997)] });
  });

  it("has its own limit where a getter asks for another one", () => {
    const input = {
      get a() {
        toJson("other", "x".repeat(500), 10_000);
        return 1;
      },
      b: "x".repeat(50),
    };
    expect(toJson("payload", input, 100)).toMatchObject({ value: { a: 1, b: "x".repeat(50) } });
    expect(toJson("payload", input, 40)).toMatchObject({ field: "payload", atLeast: expect.any(Number) as number });
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

  it("is distinguished from a problem, even if the value has a field called expected", () => {
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
        // jest's strict equality treats a field named constructor as a type.
        expect(isDeepStrictEqual(toJson("payload", input), { text, value: JSON.parse(text) as unknown })).toBe(true);
      }),
      { seed },
    );
  });
});
