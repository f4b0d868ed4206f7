import assert from "node:assert/strict";
import type { Progress, ReadTable } from "../../core/table/read-table.ts";
import { refusal, refusedAs, refusedAsClosed } from "../kit/refusal.ts";
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
  wider,
  type TableCases,
  type TableFixture,
} from "./table-fixture.ts";

/** The port itself: capabilities, opening and closing. */
export const tablePorts: TableCases = {
  "has the capabilities that were declared for it": async (fixture) => {
    const table = await fixture.open();
    same(table.capabilities, fixture.capabilities);
    assert.notEqual(table.engine, "");
  },

  "refuses every call before it is opened and after it was closed, as an outage": async (fixture) => {
    const table = await fixture.port();
    const calls = [() => table.live(), () => table.build(fieldsOf(nameAndTotal))];
    for (const call of calls) await refusedAsClosed(call);
    await table.open(fieldsOf(nameAndTotal));
    const batch = await table.live().begin();
    await table.close();
    for (const call of calls) await refusedAsClosed(call);
    await refusal(() => batch.apply([create("1")]));
    await table.close();
  },

  "may be opened twice": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1")]);
    const live = table.live();
    await table.open(fieldsOf(nameAndTotal));
    assert.equal(table.live(), live);
    same(await committed(table), { 1: {} });
  },

  "is separate from other places": async (fixture) => {
    const [one, other] = [await fixture.open(), await fixture.open()];
    await fold(one, [create("1")], 5);
    await one.switchTo(await one.build(fieldsOf(wider)));
    same(await committed(other), {});
    same(await other.live().progress(), nowhere);
    same([...other.live().fields.keys()], ["name", "total"]);
  },
};

/** An engine that allows one host at a time. */
export const soleHostOfTable: TableCases = {
  "refuses a second one only while the first is open": async (fixture) => {
    const first = await fixture.open();
    await fold(first, [create("1")]);
    const second = fixture.another(first);
    const { code, retryable } = await refusedAs("UNUSABLE_STORE", () => second.open(fieldsOf(nameAndTotal)));
    same({ code, retryable }, { code: 500, retryable: false });
    await refusedAsClosed(() => second.live());
    same(await committed(first), { 1: {} });
    await first.close();
    await second.open(fieldsOf(nameAndTotal));
    await refusedAs("UNUSABLE_STORE", () => first.open(fieldsOf(nameAndTotal)));
  },
};

export const manyHostsOfTable: TableCases = {
  "see what one of them committed": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await fold(one, [create("1")], 5);
    same(await committed(other), { 1: {} });
    same(await other.live().progress(), at(5));
  },

  "see which generation another has switched to": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    const next = await one.build(fieldsOf(wider), { definition: "next", requestId: "order-1" });
    await one.switchTo(next);
    await fold(one, [create("1", { city: "Oslo" })], 5);
    await other.refresh();
    const live = other.live();
    same([live.number, [...live.fields.keys()], live.origin], [next.number, [...next.fields.keys()], next.origin]);
    same(await committed(other), { 1: { city: "Oslo" } });
    await other.refresh();
    assert.equal(other.live(), live);
  },

  "take over the folding from one another, and continue from its checkpoint": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    await fold(one, [create("1")], 5);
    same(await takesOver(other), at(5));
    await refusedAs("STORE_UNAVAILABLE", () => fold(one, [create("late")], 6));
    await fold(other, [create("2")], 6);
    await refusedAs("STORE_UNAVAILABLE", () => fold(one, [create("late")], 7));
    same(await takesOver(one), at(6));
    await fold(one, [create("3")], 7);
    await refusedAs("STORE_UNAVAILABLE", () => fold(other, [create("late")], 8));
    same(await committed(one), { 1: {}, 2: {}, 3: {} });
  },

  "do not fold from another host's progress that they have only read": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    await fold(one, [create("1")], 5);
    await takesOver(other);
    await fold(other, [create("2")], 6);
    same(await one.live().progress(), at(6));
    await refusedAs("STORE_UNAVAILABLE", () => fold(one, [create("late")], 7));
    await refusedAs("STORE_UNAVAILABLE", async () => one.live().redefine("late"));
    same(await committed(other), { 1: {}, 2: {} });
    same(await takesOver(one), at(6));
    same(one.live().origin.definition, "");
    await fold(one, [create("3")], 7);
  },

  "read with the progress the definition that another host has replaced": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    await one.live().redefine("of two");
    await other.live().progress();
    same(other.live().origin.definition, "of two");
  },

  "store nothing of a batch that began before another host took over": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    await fold(one, [create("1", { total: 1 })], 5);
    const batch = await one.live().begin();
    await batch.apply([create("late"), { operation: "update", id: "1", values: { total: 2 } }]);
    await batch.park(parked("e1", 6));
    await takesOver(other);
    await refusedAs("STORE_UNAVAILABLE", () => batch.commit(at(6)));
    await batch.rollback();
    same(await committed(other), { 1: { total: 1 } });
    same(await other.live().progress(), at(5));
    same(await other.live().parked(), []);
    await fold(other, [create("2")], 6);
    same(await committed(one), { 1: { total: 1 }, 2: {} });
  },

  "switch to no generation that was built before another host took over": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    const next = await one.build(fieldsOf(nameAndTotal));
    const batch = await next.begin();
    await batch.apply([create("late")]);
    await batch.commit(at(3));
    await takesOver(other);
    await fold(other, [create("1")], 5);
    await refusedAs("STORE_UNAVAILABLE", () => one.switchTo(next));
    await refusedAs("STORE_UNAVAILABLE", async () => (await next.begin()).commit(at(4)));
    await other.refresh();
    same(await committed(other), { 1: {} });
    same(await committed(one), { 1: {} });
  },

  "switch to no generation that is built after another host took over": async (fixture) => {
    const [one, other] = await twoHosts(fixture);
    await takesOver(one);
    await fold(one, [create("1")], 5);
    await takesOver(other);
    const late = async () => {
      const next = await one.build(fieldsOf(nameAndTotal));
      await (await next.begin()).commit(at(3));
      await one.switchTo(next);
    };
    await refusedAs("STORE_UNAVAILABLE", late);
    await fold(other, [create("2")], 6);
    same(await committed(one), { 1: {}, 2: {} });
  },

  "may take over while they fold, and continue their builds": async (fixture) => {
    const table = await fixture.open();
    await takesOver(table);
    const next = await table.build(fieldsOf(nameAndTotal));
    await fold(table, [create("1")], 5);
    same(await takesOver(table), at(5));
    same(await next.progress(), nowhere);
    await fold(table, [create("2")], 6);
    const batch = await next.begin();
    await batch.apply([create("3")]);
    await batch.commit(at(7));
    await table.switchTo(next);
    same(await committed(table), { 3: {} });
  },
};

async function twoHosts(fixture: TableFixture): Promise<[ReadTable, ReadTable]> {
  const one = await fixture.open();
  const other = fixture.another(one);
  await other.open(fieldsOf(nameAndTotal));
  return [one, other];
}

async function takesOver(table: ReadTable): Promise<Progress> {
  await table.takeOver();
  return table.live().progress();
}
