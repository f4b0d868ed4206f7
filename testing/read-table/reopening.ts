import assert from "node:assert/strict";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import {
  at,
  committed,
  create,
  fieldsOf,
  fold,
  nameAndTotal,
  nowhere,
  parked,
  update,
  wider,
  type TableCases,
} from "./table-fixture.ts";

/** A table after a restart of its host. */
export const reopeningTables: TableCases = {
  "keeps rows, parked events and checkpoint": async (fixture) => {
    const table = await fixture.open();
    const batch = await table.live().begin();
    await batch.apply([create("1", { name: "x" })]);
    await batch.park(parked("e1", 6));
    const progress = at(7, { folded: 5, positionId: "0190a0b0-0000-7000-8000-000000000001", reordered: true });
    await batch.commit(progress);
    const again = await fixture.reopen(table);
    same(await committed(again), { 1: { name: "x" } });
    same(await again.live().parked(), [parked("e1", 6)]);
    same(await again.live().progress(), progress);
  },

  "shows nothing of a batch that was not committed": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "old" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" }), create("2")]);
    await batch.park(parked("e1", 2));
    const again = await fixture.reopen(table);
    same(await committed(again), { 1: { name: "old" } });
    same(await again.live().progress(), at(1));
    same(await again.live().parked(), []);
    await fold(again, [create("2")], 2);
  },

  "keeps the generation that was switched to, with its fields and origin": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "old" })], 5);
    const origin = { definition: "d", requestId: "o" };
    const next = await table.build(fieldsOf(wider), origin);
    const batch = await next.begin();
    await batch.apply([create("1", { city: "Oslo" })]);
    await batch.commit(at(9));
    await table.switchTo(next);
    await table.live().redefine("other");
    const again = await fixture.reopen(table);
    assert.equal(again.live().number, next.number);
    same(again.live().origin, { ...origin, definition: "other" });
    same([...again.live().fields], [...fieldsOf(wider)]);
    same(await committed(again), { 1: { city: "Oslo" } });
    const other = await again.live().begin();
    await refusedAs("DUPLICATE_ROW", () => other.apply([create("2", { city: "Oslo" })]));
    await other.rollback();
  },

  "drops an unfinished generation": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1")]);
    const next = await table.build(fieldsOf(wider));
    await (await next.begin()).commit(at(5));
    const again = await fixture.reopen(table);
    same([...again.live().fields.keys()], ["name", "total"]);
    same(await committed(again), { 1: {} });
    same(await (await again.build(fieldsOf(wider))).progress(), nowhere);
  },

  "keeps the fields that it was built with, with any fields at opening": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "x" })], 4);
    const again = await fixture.reopen(table, wider);
    same([...again.live().fields], [...fieldsOf(nameAndTotal)]);
    same(await again.live().progress(), at(4));
  },
};
