import { InvalidQueryError } from "../../../core/errors/errors.ts";
import { matchesCondition } from "../../../core/query/matches-condition.ts";
import { parseQuery, queryFieldsOf } from "../../../core/query/query.ts";
import { parseFields } from "../../../core/rows/fields.ts";

const fields = queryFieldsOf(parseFields("notes", { title: "string", text: "string", more: "object" }));
const ask = (query: object, row: object) => matchesCondition(parseQuery(fields, { query }).where!, row);

const text = "ab".repeat(20_000);
const list = Array.from({ length: 4000 }, (_, n) => ({ n }));

const comparisons = (count: number) => ({
  $and: Array.from({ length: count }, (_, index) => ({ "more.list.n": { $ne: -index - 1 } })),
});

describe("What a query may look through in one row", () => {
  it.each<[string, object, object]>([
    ["characters for a pattern", { text: /a[ab]{31}c?$/ }, { text: /a[ab]{91}c?$/ }],
    [
      "characters for all patterns together",
      { text: /a[ab]{21}c?$/, title: /^t[a-z]*/ },
      { text: /a[ab]{21}c?$/, title: /^(t[a-z]*){9}/ },
    ],
    ["elements of a path", comparisons(300), comparisons(500)],
    [
      "values that are compared whole",
      { more: { $ne: { list: [] } } },
      { $and: Array.from({ length: 200 }, (_, n) => ({ more: { $ne: { list: [n] } } })) },
    ],
  ])("is bounded by %s", (_kind, query, tooMuch) => {
    const row = { title: "title", text, more: { list } };
    expect(ask(query, row)).toBe(true);
    expect(() => ask(tooMuch, row)).toThrow(InvalidQueryError);
  });

  it("has no bound for plain text", () => {
    expect(ask({ text: { $regex: "abc" } }, { text: "ab".repeat(1_000_000) })).toBe(false);
  });

  it("has no bound where there is little", () => {
    expect(ask(comparisons(900), { more: { list: [{ n: 1 }] } })).toBe(true);
  });
});
