import { URL } from "node:url";

/** A class whose instances JSON would store as `{}`. */
class Money {
  readonly #cents = 100;
  get cents(): number {
    return this.#cents;
  }
}

const throwing = (): never => {
  throw new Error("read");
};

const proxy = (): object =>
  new Proxy({}, { get: throwing, has: throwing, ownKeys: throwing, getOwnPropertyDescriptor: throwing });

function revoked(): object {
  const { proxy: gone, revoke } = Proxy.revocable({}, {});
  revoke();
  return gone;
}

function circle(): object {
  const one: Record<string, unknown> = { name: "circle" };
  one["self"] = one;
  return one;
}

function nested(levels: number, open: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = open(value);
  return value;
}

const rejected = (): Promise<never> => {
  const promise = Promise.reject(new Error("forgotten"));
  promise.catch(() => {});
  return promise;
};

const long = "x".repeat(1_000_000);
const thousand = Array.from({ length: 1000 }, (_, index) => index);

/**
 * Values that a caller may send instead of a valid one, by name. A new one for each call, since reading changes some of
 * them.
 */
export const hostileValues: readonly [name: string, make: () => unknown][] = [
  ["null", () => null],
  ["undefined", () => undefined],
  ["true", () => true],
  ["zero", () => 0],
  ["minus zero", () => -0],
  ["minus one", () => -1],
  ["a fraction", () => 1.5],
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["an unsafe integer", () => 2 ** 53],
  ["a huge number", () => 1e308],
  ["a BigInt", () => 5n],
  ["a symbol", () => Symbol("hostile")],
  ["a function", () => () => 1],
  ["empty text", () => ""],
  ["a space", () => " "],
  ["a number's text", () => "1"],
  ["a megabyte of text", () => long],
  ["a NUL", () => "a\u0000b"],
  ["control characters", () => "a\u0001\u001f\u007f"],
  ["half a surrogate pair", () => "Great 👍".slice(0, 7)],
  ["line separators", () => "a\u2028b\u2029c"],
  ["letters from right to left", () => "\u202Eabc\u200B"],
  ["__proto__ as text", () => "__proto__"],
  ["constructor as text", () => "constructor"],
  ["an operator as text", () => "$where"],
  ["wildcards", () => `${"**a".repeat(80)}b`],
  ["a nested quantifier", () => "^(a+)+$"],
  ["brackets of a pattern", () => "(".repeat(50_000)],
  ["a path upwards", () => "../../../etc/passwd"],
  ["a path of many steps", () => "payload.".repeat(5000)],
  ["many names", () => Array.from({ length: 3000 }, (_, index) => `field${index}`).join(",")],
  ["a day that is none", () => "2026-99-99T00:00:00.000Z"],
  ["JSON of a query", () => '{"id":"1"}'],
  ["broken JSON", () => '{"$gt'],
  ["JSON of many levels", () => "[".repeat(100_000)],
  ["a uuid", () => "0198c5a2-5f00-7000-8000-000000000000"],
  ["an empty array", () => []],
  ["an array of null", () => [null]],
  ["an array of holes", () => Object.assign([], { length: 5 })],
  ["an array of arrays", () => [[], [[]], [{}]]],
  ["a thousand numbers", () => [...thousand]],
  ["a hundred thousand numbers", () => Array.from({ length: 100_000 }, (_, index) => index)],
  ["five thousand objects", () => Array.from({ length: 5000 }, (_, index) => ({ index }))],
  ["an array of many levels", () => nested(5000, (inner) => [inner])],
  ["an empty object", () => ({})],
  ["an object of many levels", () => nested(5000, (inner) => ({ inner }))],
  ["an object of many keys", () => Object.fromEntries(thousand.map((key) => [`key${key}`, key]))],
  ["an object with a huge key", () => ({ [long]: 1 })],
  [
    "an own __proto__",
    () => JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": {"prototype": 1}}') as unknown,
  ],
  ["an operator", () => ({ $gt: "" })],
  ["a pattern as an operator", () => ({ $regex: "^(a+)+$" })],
  ["an unknown operator", () => ({ $where: "sleep(1000)" })],
  ["an object without a prototype", () => Object.assign(Object.create(null) as object, { a: 1 })],
  ["a circle", circle],
  ["a getter that throws", () => Object.defineProperty({}, "id", { enumerable: true, get: throwing })],
  ["a Proxy that throws", proxy],
  ["a revoked Proxy", revoked],
  ["a toJSON that throws", () => ({ toJSON: throwing })],
  ["a toJSON that answers a circle", () => ({ toJSON: circle })],
  ["a toString that throws", () => ({ toString: throwing, valueOf: throwing })],
  ["a length that lies", () => ({ length: 1e9 })],
  // oxlint-disable-next-line unicorn/no-thenable -- whether it is called is the question
  ["a thenable", () => ({ then: (resolve: (value: unknown) => void) => resolve("thenable") })],
  ["a Promise", () => Promise.resolve(1)],
  ["a rejected Promise", rejected],
  ["a Date", () => new Date(0)],
  ["an invalid Date", () => new Date(NaN)],
  ["a RegExp", () => /^(a+)+$/i],
  ["a Map", () => new Map([["id", 1]])],
  ["a Set", () => new Set([1])],
  ["a WeakMap", () => new WeakMap()],
  ["an Error", () => new Error("hostile")],
  ["a URL", () => new URL("http://localhost/x")],
  ["bytes", () => Buffer.from("hostile")],
  ["a typed array", () => new Float64Array(3)],
  ["a class's instance", () => new Money()],
  ["boxed text", () => new String("boxed")],
  ["an iterator", () => [1, 2][Symbol.iterator]()],
  ["a frozen object", () => Object.freeze({ id: "1" })],
];
