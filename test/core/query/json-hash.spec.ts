import * as fc from "fast-check";
import { canonicalJson } from "../../../core/json/canonical-json.ts";
import { jsonHash } from "../../../core/query/json-hash.ts";

const hash = (value: unknown) => jsonHash(value, () => {});

describe("The hash of a JSON value", () => {
  it("is equal for values with the same canonical JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hash(reordered(value))).toBe(hash(value));
        expect(hash(JSON.parse(canonicalJson(value)))).toBe(hash(value));
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ["an absent field", { a: 1, b: undefined }, { a: 1 }],
    ["no number", [NaN, Infinity, undefined], [null, null, null]],
    ["a negative zero", -0, 0],
    ["a bigint", { n: 5n }, { n: "5" }],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ])("knows %s as JSON writes it", (_case, one, other) => {
    expect(canonicalJson(one)).toBe(canonicalJson(other));
    expect(hash(one)).toBe(hash(other));
  });

  it("differs for values that are near", () => {
    const near = [0, 1, -1, 0.5, 2 ** 32, 2 ** 33, "", "0", true, false, null, [], {}, [0], [[0]], { a: 0 }, { b: 0 }];
    const pairs = [{ a: 0, b: 1 }, { a: 1, b: 0 }, [0, 1], [1, 0], ["ab", "c"], ["a", "bc"], { a: "b" }, { b: "a" }];
    const all = [...near, ...pairs];
    expect(new Set(all.map(hash)).size).toBe(all.length);
  });

  it("counts elements and characters", () => {
    let spent = 0;
    jsonHash({ text: "abc", list: [1, 2] }, (effort) => (spent += effort));
    expect(spent).toBe(1 + 5 + 4 + 5 + 3);
  });
});

/** The same value with the keys of its objects in another order. */
function reordered(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(reordered);
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reordered(inner)]),
  );
}
