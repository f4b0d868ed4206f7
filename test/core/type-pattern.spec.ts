import { typeMatcher } from "../../core/type-pattern.ts";

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
