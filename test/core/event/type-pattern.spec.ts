import { array, assert, constantFrom, property } from "fast-check";
import { Utils } from "moleculer";
import { parsePatterns, typeMatcher } from "../../../core/event/type-pattern.ts";
import { refusal } from "../../support/broker.ts";

describe("A matcher of event types", () => {
  it.each([
    ["thing.created", ["thing.created"], ["thing.create", "thing.created.x", "xthing.created", "thingxcreated"]],
    ["thing.*", ["thing.created", "thing.x-y"], ["thing", "thing.a.b", "other.created"]],
    ["thing.**", ["thing.created", "thing.a.b"], ["other.a", "things.a"]],
    ["**", ["a", "a.b", "a.b.c"], []],
    ["*", ["a"], ["a.b"]],
    ["*.created", ["a.created", "b.created"], ["a.b.created", "created", "a.removed"]],
    ["thing.v?", ["thing.v1", "thing.v2"], ["thing.v", "thing.v10"]],
    ["a+b.(c)", ["a+b.(c)"], ["aab.c", "ab.c"]],
  ])("of %p knows which types are meant", (pattern, meant, others) => {
    const matches = typeMatcher([pattern]);
    expect(meant.filter(matches)).toEqual(meant);
    expect(others.filter(matches)).toEqual([]);
  });

  it("of several patterns matches any of them", () => {
    const matches = typeMatcher(["a.created", "b.*"]);
    expect(["a.created", "a.removed", "b.removed", "c.created"].map(matches)).toEqual([true, false, true, false]);
  });

  it("of no pattern matches nothing", () => {
    expect(typeMatcher([])("a")).toBe(false);
  });

  it("answers the same when it is asked again, also after more types than it remembers", () => {
    const matches = typeMatcher(["a.*"]);
    const types = Array.from({ length: 25_000 }, (_, index) => (index % 2 === 0 ? `a.${index}` : `b.${index}`));
    const wrong = [...types, ...types].filter((type) => matches(type) !== type.startsWith("a."));
    expect(wrong).toEqual([]);
  });
});

describe("A pattern of types", () => {
  const text = (...parts: string[]) => array(constantFrom(...parts), { maxLength: 7 }).map((chosen) => chosen.join(""));

  it("matches what Moleculer's own matcher does", () => {
    assert(
      property(text("a", "b", ".", "*", "**", "?"), text("a", "b", "."), (pattern, type) => {
        expect(typeMatcher([pattern])(type)).toBe(Utils.match(type, pattern));
      }),
      { numRuns: 5_000 },
    );
  });

  it("with many wildcards does not keep the caller waiting", () => {
    const pattern = "**a".repeat(80) + "b";
    expect(typeMatcher([pattern, `*a`.repeat(100) + "?b"])("a".repeat(255))).toBe(false);
    expect(typeMatcher([pattern])("a".repeat(254) + "b")).toBe(true);
  });

  it.each([300, 60, 7])("is found among many others: %i", (count) => {
    const patterns = Array.from({ length: count }, (_, index) => `*.a?${index}.**x${"*é".repeat(index % 9)}`);
    const matches = typeMatcher(patterns);
    for (const [index, pattern] of patterns.entries()) {
      const type = pattern.replace("**x", "b.c.x").replaceAll("*é", "dé").replace("*", "e").replace("?", "f");
      expect([type, matches(type)]).toEqual([type, true]);
      expect(Utils.match(type, pattern)).toBe(true);
      expect(matches(`${type}${index}.`)).toBe(false);
    }
  });

  it("among many matches as each of them does alone", () => {
    const some = array(text("a", "b", ".", "*", "**", "?"), { maxLength: 90 });
    assert(
      property(some, text("a", "b", "."), (patterns, type) => {
        expect(typeMatcher(patterns)(type)).toBe(patterns.some((pattern) => Utils.match(type, pattern)));
      }),
    );
  });

  it("may be as long as a type, in Unicode characters", () => {
    const type = "😀".repeat(255);
    const patterns = [type, `${"😀".repeat(254)}?`, `?${"😀".repeat(253)}*`];
    expect(parsePatterns("types", patterns)).toEqual(patterns);
    expect(typeMatcher(patterns.slice(0, 1))(type)).toBe(true);
    expect(typeMatcher(["??.**", patterns[1]!])(`${"😀".repeat(254)}x`)).toBe(true);
    expect(typeMatcher(["??.**", patterns[2]!])(`x${"😀".repeat(254)}`)).toBe(true);
    expect(typeMatcher(patterns.slice(1))(type.slice(2))).toBe(false);
  });

  it("takes characters that mean something to a regular expression as they are", () => {
    const matches = typeMatcher(["a+b.*.[c]", "$x.*.(d"]);
    expect(["a+b.x.[c]", "$x.1.(d", "aab.x.c", "a+b.x.c"].map(matches)).toEqual([true, true, false, false]);
  });

  it("is one of several, in a text or an array, each once", () => {
    expect(parsePatterns("types", "a.b, c.* a.b")).toEqual(["a.b", "c.*"]);
    expect(parsePatterns("types", ["a b", "c"])).toEqual(["a b", "c"]);
  });

  it.each<[string, string | string[], string, string]>([
    ["too long", ["a", "x".repeat(256)], "types.1", expect.stringMatching(/^x+… \(256 long\)$/)],
    ["one of too many", Array.from({ length: 1001 }, (_, index) => `a${index}`), "types", "1001 patterns"],
    [
      "one of many with wildcards",
      Array.from({ length: 100 }, (_, index) => `${"*x".repeat(100)}${index}`),
      "types",
      "patterns with wildcards of 20190 characters",
    ],
    ["in a text of megabytes", "x".repeat(4_000_000), "types", "a text of 4000000 characters"],
  ])("is refused where it is %s", async (_, given, field, found) => {
    const error = await refusal(() => parsePatterns("types", given));
    expect(error).toMatchObject({ code: 422, data: [{ field, actual: found }] });
  });
});
