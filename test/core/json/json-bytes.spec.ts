import { jsonBytes } from "../../../core/json/json-bytes.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? "");
const deep = (levels: number) => {
  let value: unknown = "é";
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { value };
  return value;
};
const inherited = Object.create({ inherited: "x".repeat(1000) }) as object;

const values: Record<string, unknown> = {
  undefined,
  function: () => 1,
  symbol: Symbol("a"),
  null: null,
  number: -1.5e-7,
  NaN,
  text: "aé😀",
  "escaped text": '\u0000\n"\\\ud800',
  "an array with holes": Object.assign([undefined, () => 1, Symbol("a"), NaN], { 7: 1 }),
  "an object with what is omitted": { a: undefined, b: () => 1, [Symbol("c")]: 1, "": 1, 'q"': "", é: { "": {} } },
  "what has a toJSON": { date: new Date(0), short: { long: "x".repeat(1000), toJSON: () => 1 } },
  "an array that has a toJSON": Object.assign(["x".repeat(1000)], { toJSON: () => "short" }),
  "boxed values": [Object("text"), Object(1), Object(true)],
  "a map and bytes": [new Map([[1, 2]]), new Uint8Array(3), Buffer.from("abc")],
  "inherited values": inherited,
  "many levels": deep(500),
  "many values": Array.from({ length: 1000 }, (_, n) => ({ id: `${n}`, n, text: "\u0001".repeat(n % 10) })),
};

describe("The bytes of a value as JSON", () => {
  it.each(Object.keys(values))("are those that JSON.stringify writes of %s", (name) => {
    const bytes = bytesOf(values[name]);
    // At the limit, and far below it.
    for (const most of [bytes, bytes + 1, 1_000_000])
      expect(jsonBytes(values[name], most)).toEqual({ bytes, isMore: false });
  });

  it.each(Object.keys(values))("are never counted as too few of %s", (name) => {
    const bytes = bytesOf(values[name]);
    for (let most = 0; most < bytes; most += 1 + Math.floor(bytes / 50)) {
      const found = jsonBytes(values[name], most);
      expect(found.bytes).toBeGreaterThan(most);
      expect(found.bytes).toBeLessThanOrEqual(bytes);
    }
  });

  it("are counted up to the limit where the text would be longer than any string may be", () => {
    const large = { text: "x".repeat(1_000_000) };
    const { bytes, isMore } = jsonBytes({ rows: Array.from({ length: 100_000 }, () => large) }, 900_000);
    expect(isMore).toBe(true);
    expect(bytes).toBeLessThan(2_100_000);
  });

  it("are counted as far in an array without an end, and for each place at which a value stands", () => {
    expect(jsonBytes(Object.assign([], { length: 4_000_000_000 }), 900_000)).toMatchObject({ isMore: true });
    let shared: unknown = "x";
    for (let level = 0; level < 60; level++) shared = [shared, shared];
    expect(jsonBytes(shared, 900_000)).toMatchObject({ isMore: true });
  });

  it("do not exist for a value that JSON.stringify refuses", () => {
    const circle: unknown[] = [];
    circle.push({ circle });
    expect(() => jsonBytes(circle, 900_000)).toThrow(TypeError);
    expect(() => jsonBytes({ n: 1n }, 900_000)).toThrow(TypeError);
  });
});
