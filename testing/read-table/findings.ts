import assert from "node:assert/strict";
import type { QueryParams } from "../../core/query/query.ts";
import { randomFrom } from "../kit/random.ts";
import { same } from "../kit/same.ts";
import { idsOf } from "./plain-query.ts";
import { asked, filled, found } from "./queried-rows.ts";
import { randomQuery, randomRow } from "./random-query.ts";
import type { TableCases } from "./table-fixture.ts";

const orders: [sort: unknown, ids: string[]][] = [
  [undefined, ["a", "b", "c", "d"]],
  ["-id", ["d", "c", "b", "a"]],
  ["name", ["b", "d", "a", "c"]],
  ["-name", ["a", "c", "d", "b"]],
  ["count", ["b", "a", "c", "d"]],
  ["-count", ["d", "c", "a", "b"]],
  ["at", ["b", "a", "c", "d"]],
  ["isOpen", ["b", "d", "a", "c"]],
  ["-name -count", ["c", "a", "d", "b"]],
  [
    ["-name", "-id"],
    ["c", "a", "d", "b"],
  ],
  ["address.n", ["b", "d", "a", "c"]],
  ["-address.city", ["c", "d", "a", "b"]],
  ["address.absent", ["a", "b", "c", "d"]],
  ["-address.absent.more", ["a", "b", "c", "d"]],
];

/** The order of rows. */
export const order: TableCases = {
  "puts rows without a value lowest and breaks ties by id": async (fixture) => {
    const rows = await filled(fixture, [
      { id: "c", name: "x", count: 2, at: "2024-01-01", isOpen: true, address: { n: 10, city: "b" } },
      { id: "a", name: "x", count: 1, at: "2023-01-01", isOpen: false, address: { n: 9 } },
      { id: "d", name: "X", count: 10, at: "2025-01-01", address: { n: -1, city: "a" } },
      { id: "b" },
    ]);
    for (const [sort, ids] of orders) same(await found(rows, { sort }), ids, JSON.stringify(sort));
  },

  "by an array's element uses the element": async (fixture) => {
    const rows = await filled(fixture, [
      { id: "1", tags: [3], address: { list: [{ n: 3 }] } },
      { id: "2", tags: [1, 9], address: { list: [{ n: 1 }] } },
      { id: "3", tags: [2], address: { list: [{ n: 2 }] } },
    ]);
    same(await found(rows, { sort: "tags.0" }), ["2", "3", "1"]);
    same(await found(rows, { sort: "-address.list.0.n" }), ["1", "3", "2"]);
  },

  "of text is the same in a field of its own, in a comparison and inside an object: by bytes": async (fixture) => {
    const texts = ["Z", "a", "é", "\uff5a", "😀"];
    const rows = await filled(
      fixture,
      texts.map((name, index) => ({ id: String(index), name, address: { name } })),
    );
    for (const sort of ["name", "address.name"]) same(await found(rows, { sort }), ["0", "1", "2", "3", "4"]);
    for (const [index, text] of texts.entries())
      for (const field of ["name", "address.name"])
        same(await found(rows, { query: { [field]: { $gt: text } } }), ["0", "1", "2", "3", "4"].slice(index + 1));
  },
};

const pages: [params: QueryParams, ids: string[]][] = [
  [{ limit: 2 }, ["a", "b"]],
  [{ limit: 2, offset: 1 }, ["b", "c"]],
  [{ offset: 2 }, ["c", "d"]],
  [{ offset: 4 }, []],
  [{ limit: 100, offset: 3 }, ["d"]],
  [{ limit: 1, sort: "-id" }, ["d"]],
  [{ limit: 1, offset: 1, query: { name: "x" } }, ["c"]],
  [{ limit: 0 }, ["a", "b", "c", "d"]],
];

const searches: [params: QueryParams, ids: string[]][] = [
  [{ search: "bridge" }, ["1", "bridge"]],
  [{ search: "bridge", searchFields: ["name"] }, ["1"]],
  [{ search: "ÜNDER" }, ["1"]],
  [{ search: "%" }, ["2"]],
  [{ search: "_" }, ["2"]],
  [{ search: "42" }, ["1"]],
  [{ search: "2024-05" }, ["2"]],
  [{ search: "oslo" }, ["1"]],
  [{ search: "red", searchFields: "tags" }, ["1"]],
  [{ search: "nowhere" }, []],
  [{ search: "null" }, []],
  [{ search: "x", searchFields: [] }, []],
  [{ search: "bridge", query: { count: 42 } }, ["1"]],
  [{ search: "bridge", query: { $or: [{ count: 1 }, { id: "bridge" }] } }, ["bridge"]],
  [{ search: "bridge", sort: "-id", limit: 1 }, ["bridge"]],
  [{ iSearch: "Bridge", offset: 1 }, ["bridge"]],
];

const patterns: [query: Record<string, RegExp>, ids: string[]][] = [
  [{ name: /^(a+)+$/ }, ["2"]],
  [{ tags: /^(a|a)*$/ }, ["2"]],
  [{ name: /^a{2}$|A\/B/i }, ["2", "3"]],
  [{ name: /^k/i }, ["3"]],
  [{ name: / .$/ }, ["3"]],
  [{ "address.note": /^\s+first$/m }, ["3"]],
  [{ "address.note": /first.second/ }, []],
  [{ "address.note": /first.second/s }, ["3"]],
];

/** Finds: pages, search, and random queries. */
export const findings: TableCases = {
  "cuts a page from the order": async (fixture) => {
    const rows = await filled(fixture, [{ id: "d" }, { id: "c", name: "x" }, { id: "b" }, { id: "a", name: "x" }]);
    for (const [params, ids] of pages) same(await found(rows, params), ids, JSON.stringify(params));
  },

  "searches text in any letter case": async (fixture) => {
    const rows = await filled(fixture, [
      { id: "1", name: "Ünder the BRIDGE", count: 42, address: { city: "Oslo" }, tags: ["red"] },
      { id: "2", name: "100% of a_b", at: "2024-05-06" },
      { id: "bridge", price: 1.5 },
      { id: "3" },
    ]);
    for (const [params, ids] of searches) {
      same(await found(rows, params), ids, JSON.stringify(params));
      const whole = { ...params, limit: null, offset: null };
      assert.equal(await rows.count(asked(whole)), (await found(rows, whole)).length, JSON.stringify(params));
    }
  },

  "takes 20,000 alternatives": async (fixture) => {
    const rows = await filled(fixture, [{ id: "ann", name: "Ann" }, { id: "bob" }]);
    for (const count of [1_000, 20_000]) {
      const names = Array.from({ length: count }, (_, index) => `nobody ${index}`);
      const $or = [...names, "Ann"].map((name) => ({ name }));
      same(await found(rows, { query: { $or } }), ["ann"]);
      same(await found(rows, { query: { name: { $in: [...names, "Ann"] } } }), ["ann"]);
      same(await found(rows, { query: { name: { $nin: [...names, "Ann"] } } }), ["bob"]);
    }
  },

  "matches a pattern in linear time, and like every other engine": async (fixture) => {
    const rows = await filled(fixture, [
      { id: "1", name: `${"a".repeat(40)}b`, tags: [`${"a".repeat(40)}b`] },
      { id: "2", name: "aa", tags: ["x", "aa"] },
      { id: "3", name: "\u212aelvin a/b 😀", address: { note: "\u00a0 first\nsecond" } },
    ]);
    for (const [query, ids] of patterns) same(await found(rows, { query }), ids, String(Object.values(query)[0]));
  },

  "finds no row by a text that no row can have": async (fixture) => {
    const rows = await filled(fixture, [{ id: "1", name: "a" }, { id: "2", name: "\ufffd" }, { id: "3" }]);
    for (const text of ["\ud800", "\udfff", "a\0", "\0"]) {
      same(await found(rows, { query: { name: text } }), [], JSON.stringify(text));
      same(await found(rows, { query: { id: text } }), [], JSON.stringify(text));
      same(await found(rows, { query: { name: { $in: [text, "a"] } } }), ["1"], JSON.stringify(text));
      same(await found(rows, { query: { name: { $ne: text } } }), ["1", "2", "3"], JSON.stringify(text));
    }
  },

  "looks a value up in a list of 20,000 inside an object": async (fixture) => {
    const rows = await filled(fixture, [
      { id: "1", address: { n: 7, o: { a: 7, b: [1] } }, tags: [19_999, "x"] },
      { id: "2", address: { n: "7", o: { a: "7" } }, tags: [-1] },
      { id: "3" },
    ]);
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    same(await found(rows, { query: { "address.n": { $in: numbers } } }), ["1"]);
    same(await found(rows, { query: { tags: { $in: numbers } } }), ["1"]);
    same(await found(rows, { query: { "address.n": { $nin: numbers } } }), ["2", "3"]);
    const objects = numbers.slice(0, 5000).map((a) => ({ b: [1], a }));
    same(await found(rows, { query: { "address.o": { $in: [...objects, null] } } }), ["1", "3"]);
  },

  "answers random queries as plain loops over the rows do": async (fixture) => {
    // Set SEED to repeat one run; each failure contains its seed.
    const seeds = process.env["SEED"] === undefined ? [1, 2, 3, 4] : [Number(process.env["SEED"])];
    for (const seed of seeds) {
      const random = randomFrom(seed);
      const rows = await filled(
        fixture,
        Array.from({ length: 60 }, (_, index) => randomRow(random, index)),
      );
      const all = await rows.find(asked({}));
      for (let turn = 0; turn < 150; turn++) {
        const params = randomQuery(random);
        const { page, total } = idsOf(all, params);
        const where = `seed ${seed}, turn ${turn}: ${JSON.stringify(params)}`;
        same(await found(rows, params), page, where);
        assert.equal(await rows.count(asked(params)), total, where);
      }
    }
  },
};
