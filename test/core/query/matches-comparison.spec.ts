import { matchesComparison } from "../../../core/query/matches-comparison.ts";
import type { Operator } from "../../../core/query/query.ts";

type Case = [path: string, operator: Operator, asked: unknown, value: unknown];

const answer = ([path, operator, value, found]: Case) =>
  matchesComparison({ path: path === "" ? [] : path.split("."), operator, value }, found);

describe("A comparison", () => {
  it.each<Case>([
    ["", "$eq", "a", "a"],
    ["", "$eq", 1, [2, 1]],
    ["", "$eq", [2, 1], [2, 1]],
    ["", "$eq", [1], [[1], 2]],
    ["", "$eq", { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["", "$eq", null, null],
    ["a", "$eq", null, {}],
    ["a", "$eq", null, { a: null }],
    ["a.b", "$eq", null, { a: 1 }],
    ["a.b", "$eq", 1, { a: { b: 1 } }],
    ["a.b", "$eq", 1, { a: [{ b: 2 }, { b: 1 }] }],
    ["a.b", "$eq", 1, { a: [{ b: [2, 1] }] }],
    ["0", "$eq", 1, [1, 2]],
    ["a.1.b", "$eq", 1, { a: [{}, { b: 1 }] }],
    ["a.0", "$eq", 1, { a: { 0: 1 } }],
    ["", "$in", [3, 1], [1, 2]],
    ["", "$in", ["x", null], null],
    ["a", "$in", [null], {}],
    ["", "$in", [{ b: [2], a: 1 }], { a: 1, b: [2] }],
    ["", "$in", [{ a: 1, b: [2] }], { b: [2], a: 1 }],
    ["", "$in", [[1, 2]], [1, 2]],
    ["", "$in", [{ a: 1 }, 5], [{ a: 1 }]],
    ["", "$exists", true, 0],
    ["", "$exists", false, null],
    ["a.b", "$exists", true, { a: [{}, { b: false }] }],
    ["a.b", "$exists", false, { a: [{}] }],
    ["", "$gt", 1, 2],
    ["", "$gte", 2, 2],
    ["", "$lt", "b", "a"],
    ["", "$lte", "a", "a"],
    ["", "$gt", 5, [1, 9]],
    ["", "$regex", { source: "^a", flags: "i" }, "Abc"],
    ["", "$regex", { source: "b$", flags: "" }, ["x", "ab"]],
  ])("at %p with %s %j holds for %j", (...one) => expect(answer(one)).toBe(true));

  it.each<Case>([
    ["", "$eq", "1", 1],
    ["", "$eq", 1, "1"],
    ["", "$eq", 1, true],
    ["", "$eq", 0, null],
    ["", "$eq", "", null],
    ["", "$eq", false, null],
    ["", "$eq", [1, 2], [2, 1]],
    ["", "$eq", { a: 1 }, { a: 1, b: 2 }],
    ["a", "$eq", null, { a: 0 }],
    ["a.b", "$eq", 1, { "a.b": 1 }],
    ["toString", "$exists", true, {}],
    ["length", "$exists", true, [1]],
    ["a.b", "$eq", 1, { a: [[{ b: 1 }]] }],
    ["", "$in", [], 1],
    ["", "$in", ["1"], 1],
    ["", "$in", ['{"a":1}'], { a: 1 }],
    ["", "$in", [{ a: 1 }], '{"a":1}'],
    ["", "$in", [[1, 2]], [2, 1]],
    ["", "$in", [true], 1],
    ["", "$exists", true, null],
    ["", "$gt", 1, "2"],
    ["", "$gt", "1", 2],
    ["", "$gt", 1, null],
    ["", "$lt", 1, null],
    ["", "$gte", 0, false],
    ["", "$gt", 2, 2],
    ["", "$regex", { source: "1", flags: "" }, 1],
    ["", "$regex", { source: ".*", flags: "" }, null],
  ])("at %p with %s %j does not hold for %j", (...one) => expect(answer(one)).toBe(false));
});
