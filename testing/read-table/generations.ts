import assert from "node:assert/strict";
import { refusal } from "../kit/refusal.ts";
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
  seen,
  wider,
  type TableCases,
} from "./table-fixture.ts";

/** Law 7: generations, and the switch between them. */
export const generations: TableCases = {
  "is built beside the live one and invisible before the switch": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "old" })], 5);
    const next = await table.build(fieldsOf(wider));
    assert.ok(next.number > table.live().number);
    same([...next.fields], [...fieldsOf(wider)]);
    same(await next.progress(), nowhere);
    same(await seen(next.rows), {});
    const batch = await next.begin();
    await batch.apply([create("1", { name: "new", city: "Oslo" })]);
    await batch.park(parked("e1", 8));
    await batch.commit(at(9));

    same(await committed(table), { 1: { name: "old" } });
    same([...table.live().fields.keys()], ["name", "total"]);
    await fold(table, [create("2")], 6);
    await table.switchTo(next);
    assert.equal(table.live(), next);
    same(await committed(table), { 1: { name: "new", city: "Oslo" } });
    same(await table.live().progress(), at(9));
    same(await table.live().parked(), [parked("e1", 8)]);
    await fold(table, [create("3")], 10);
    same(await committed(table), { 1: { name: "new", city: "Oslo" }, 3: {} });
  },

  "that is live writes its own batch while another is built": async (fixture) => {
    const table = await fixture.open();
    const next = await table.build(fieldsOf(nameAndTotal));
    const ours = await table.live().begin();
    const theirs = await next.begin();
    await ours.apply([create("1")]);
    await theirs.apply([create("2")]);
    await theirs.commit(at(1));
    await ours.commit(at(2));
    same(await committed(table), { 1: {} });
    same(await table.live().progress(), at(2));
    same(await seen(next.rows), { 2: {} });
    same(await next.progress(), at(1));
  },

  "that was dropped no longer exists, and dropping the live one changes nothing": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1")]);
    const [second, third] = [await table.build(fieldsOf(nameAndTotal)), await table.build(fieldsOf(nameAndTotal))];
    assert.ok(third.number > second.number);
    await table.drop(second);
    await table.drop(second);
    await refusal(async () => (await second.begin()).commit(at(1)));
    await table.drop(table.live());
    same(await committed(table), { 1: {} });
    await table.switchTo(third);
    same(await committed(table), {});
    assert.ok((await table.build(fieldsOf(nameAndTotal))).number > third.number);
  },

  "that is switched to is complete for every concurrent query": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1"), create("2", { name: "old" })], 5);
    const next = await table.build(fieldsOf(nameAndTotal));
    const batch = await next.begin();
    await batch.apply([create("1"), create("2", { name: "new" })]);
    await batch.commit(at(9));
    const switching = { isOver: false };
    const read = async () => {
      while (!switching.isOver) {
        const { name } = (await committed(table))["2"] as { name: string };
        assert.ok(name === "old" || name === "new");
        await new Promise((turn) => setImmediate(turn));
      }
    };
    const readers = Promise.all([read(), read()]);
    await table.switchTo(next).finally(() => (switching.isOver = true));
    await readers;
    same((await committed(table))["2"], { name: "new" });
  },
};
