import assert from "node:assert/strict";
import { parseQuery } from "../../core/query/query.ts";
import { oddTexts } from "../kit/odd-texts.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { areFoundByText, asked, filled, found } from "./queried-rows.ts";
import { create, fold, type TableCases } from "./table-fixture.ts";

const nothing = { name: null, count: null, price: null, isOpen: null, at: null, address: null, tags: null };
/** In the order of their bytes. */
const controls = [
  "",
  "\0",
  "\0\0",
  "\0\u0001",
  "\0a",
  "\u0001",
  "\u0001\0",
  "\u0001\u0001",
  "\u0001\u0002",
  "\u0002",
  "a\0b",
];
const texts = [...controls, "line\nbreak", ...oddTexts, "x".repeat(300 * 1024)];

/** Rows: every value returns as it was written. */
export const rows: TableCases = {
  "is returned as it was written, with every field, null if it has no value": async (fixture) => {
    const full = {
      id: "full",
      name: "",
      count: Number.MIN_SAFE_INTEGER,
      price: -0.1,
      isOpen: false,
      at: "2024-01-02T03:04:05.678Z",
      address: { city: null, deep: { list: [{ a: 1.5 }, "x"] } },
      tags: [],
    };
    const rows = await filled(fixture, [full, { id: "empty" }, { id: "nulls", ...nothing }]);
    same(await rows.find(asked({ sort: "id" })), [{ id: "empty", ...nothing }, full, { id: "nulls", ...nothing }]);
  },

  "keeps a number to the last bit, and is found by it, alone and in a list": async (fixture) => {
    for (const price of [
      5e-324,
      Number.MAX_VALUE,
      0.1 + 0.2,
      1 / 3,
      1e-7,
      19.99,
      879483623742086900,
      49076093425801070,
      5396008445509900000,
      Number.MAX_SAFE_INTEGER,
    ]) {
      const rows = await filled(fixture, [{ id: "1", price }]);
      same(await rows.find(asked({})), [{ id: "1", ...nothing, price }]);
      same(await found(rows, { query: { price } }), ["1"]);
      same(await found(rows, { query: { price: { $in: [price] } } }), ["1"]);
      same(await found(rows, { query: { price: { $nin: [price] } } }), []);
    }
  },

  "with odd text in every place is found by exactly this text": (fixture) => areFoundByText(fixture, texts),

  "with a control character, also NUL, is ordered by its bytes, and repeats no other unique value": async (fixture) => {
    const table = await fixture.open({ name: { type: "string", index: true }, mark: { type: "string", unique: true } });
    await fold(
      table,
      controls.map((text, index) => create(String(index), { name: text, mark: text })),
    );
    const { rows } = table.live();
    const byName = parseQuery(new Map([["name", { type: "string" }]]), { sort: "name" });
    same(
      (await rows.find(byName)).map(({ name }) => name),
      controls,
    );
    for (const [index, text] of controls.entries()) {
      const query = parseQuery(new Map([["name", { type: "string" }]]), { query: { name: { $lt: text } } });
      assert.equal(await rows.count(query), index, JSON.stringify(text));
      const batch = await table.live().begin();
      await refusedAs("DUPLICATE_ROW", () => batch.apply([create("twin", { mark: text })]));
      await batch.rollback();
    }
  },

  "with an odd id is found by this id": async (fixture) => {
    const rows = await filled(
      fixture,
      oddTexts.map((id) => ({ id, name: id })),
    );
    for (const id of oddTexts) {
      same(await found(rows, { query: { id } }), [id]);
      same(await rows.findByIds([id]), [{ id, ...nothing, name: id }]);
    }
    const given = ["it's", "absent", "a.b", "it's"];
    same(
      (await rows.findByIds(given)).map(({ id }) => id),
      ["it's", "a.b", "it's"],
    );
    same(await rows.findByIds([]), []);
  },

  "with odd steps in a path is found and sorted by them": async (fixture) => {
    const steps = [
      "$x",
      "it's",
      "%",
      "_",
      "a b",
      "日本",
      "😀",
      "#-1",
      "[0]",
      "*",
      "?",
      "-",
      "a\\b",
      "tab\\t",
      "\\",
      "constructor",
      "__proto__",
      "{x}",
    ];
    const rows = await filled(
      fixture,
      ["c", "a", "b"].map((id) => ({ id, address: Object.fromEntries(steps.map((step) => [step, `value ${id}`])) })),
    );
    for (const step of steps) {
      same(await found(rows, { query: { [`address.${step}`]: "value a" } }), ["a"], step);
      same(await found(rows, { sort: [`-address.${step}`] }), ["c", "b", "a"], step);
    }
  },

  "does not change with a result that its reader changes": async (fixture) => {
    const rows = await filled(fixture, [{ id: "1", name: "x", address: { city: "Oslo" }, tags: [1] }]);
    const before = [{ id: "1", ...nothing, name: "x", address: { city: "Oslo" }, tags: [1] }];
    for (const answer of [() => rows.find(asked({})), () => rows.findByIds(["1"])]) {
      const [row] = await answer();
      try {
        (row!["address"] as Record<string, unknown>)["city"] = "Bern";
        (row!["tags"] as unknown[]).push(2);
        row!["name"] = "y";
      } catch (error) {
        // A frozen result is as safe as a copy.
        assert.ok(error instanceof TypeError);
      }
      same(await rows.find(asked({})), before);
    }
  },
};
