import assert from "node:assert/strict";
import type { FieldsInput } from "../../core/fields.ts";
import type { ReadTable } from "../../core/read-table.ts";
import { refusal, refusedAs, refusedAsClosed } from "../refusal.ts";
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
  update,
  type TableCases,
} from "./table-stand.ts";

const wider: FieldsInput = { name: "string", total: "integer", city: { type: "string", unique: true } };
const namesOf = (table: ReadTable) => [...table.live().fields.keys()];

export const generations: TableCases = {
  "is built beside the live one and seen by nobody before the switch": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "old" })], 5);
    const next = await table.build(fieldsOf(wider));
    assert.ok(next.number > table.live().number);
    assert.deepEqual([...next.fields], [...fieldsOf(wider)]);
    assert.deepEqual(await next.progress(), nowhere);
    assert.deepEqual(await seen(next.rows), {});
    const batch = await next.begin();
    await batch.apply([create("1", { name: "new", city: "Oslo" })]);
    await batch.park(parked("e1", 8));
    await batch.commit(at(9));

    assert.deepEqual(await committed(table), { 1: { name: "old" } });
    assert.deepEqual(namesOf(table), ["name", "total"]);
    await fold(table, [create("2")], 6);
    await table.switchTo(next);
    assert.equal(table.live(), next);
    assert.deepEqual(await committed(table), { 1: { name: "new", city: "Oslo" } });
    assert.deepEqual(await table.live().progress(), at(9));
    assert.deepEqual(await table.live().parked(), [parked("e1", 8)]);
    await fold(table, [create("3")], 10);
    assert.deepEqual(await committed(table), { 1: { name: "new", city: "Oslo" }, 3: {} });
  },

  "that is live writes its own batch while another is built": async (stand) => {
    const table = await stand.open();
    const next = await table.build(fieldsOf(nameAndTotal));
    const ours = await table.live().begin();
    const theirs = await next.begin();
    await ours.apply([create("1")]);
    await theirs.apply([create("2")]);
    await theirs.commit(at(1));
    await ours.commit(at(2));
    assert.deepEqual(await committed(table), { 1: {} });
    assert.deepEqual(await table.live().progress(), at(2));
    assert.deepEqual(await seen(next.rows), { 2: {} });
    assert.deepEqual(await next.progress(), at(1));
  },

  "that was dropped is gone, and dropping the live one changes nothing": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1")]);
    const [second, third] = [await table.build(fieldsOf(nameAndTotal)), await table.build(fieldsOf(nameAndTotal))];
    assert.ok(third.number > second.number);
    await table.drop(second);
    await table.drop(second);
    await refusal(async () => (await second.begin()).commit(at(1)));
    await table.drop(table.live());
    assert.deepEqual(await committed(table), { 1: {} });
    await table.switchTo(third);
    assert.deepEqual(await committed(table), {});
    assert.ok((await table.build(fieldsOf(nameAndTotal))).number > third.number);
  },

  "that is switched to answers whole, whoever asks meanwhile": async (stand) => {
    const table = await stand.open();
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
    assert.deepEqual((await committed(table))["2"], { name: "new" });
  },
};

export const tablePorts: TableCases = {
  "has the capabilities that were declared for it": async (stand) => {
    const table = await stand.open();
    assert.deepEqual(table.capabilities, stand.capabilities);
    assert.notEqual(table.engine, "");
  },

  "refuses every call before it is opened and after it was closed, as an outage": async (stand) => {
    const table = await stand.port();
    const calls = [() => table.live(), () => table.build(fieldsOf(nameAndTotal))];
    for (const call of calls) await refusedAsClosed(call);
    await table.open(fieldsOf(nameAndTotal));
    const batch = await table.live().begin();
    await table.close();
    for (const call of calls) await refusedAsClosed(call);
    await refusal(() => batch.apply([create("1")]));
    await table.close();
  },

  "may be opened twice": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1")]);
    const live = table.live();
    await table.open(fieldsOf(nameAndTotal));
    assert.equal(table.live(), live);
    assert.deepEqual(await committed(table), { 1: {} });
  },

  "keeps its place apart from others": async (stand) => {
    const [one, other] = [await stand.open(), await stand.open()];
    await fold(one, [create("1")], 5);
    await one.switchTo(await one.build(fieldsOf(wider)));
    assert.deepEqual(await committed(other), {});
    assert.deepEqual(await other.live().progress(), nowhere);
    assert.deepEqual(namesOf(other), ["name", "total"]);
  },
};

export const soleHostOfTable: TableCases = {
  "refuses a second one while the first is open, and no longer": async (stand) => {
    const first = await stand.open();
    await fold(first, [create("1")]);
    const second = stand.another(first);
    const { code, retryable } = await refusedAs("UNUSABLE_STORE", () => second.open(fieldsOf(nameAndTotal)));
    assert.deepEqual({ code, retryable }, { code: 409, retryable: false });
    await refusedAsClosed(() => second.live());
    assert.deepEqual(await committed(first), { 1: {} });
    await first.close();
    await second.open(fieldsOf(nameAndTotal));
    await refusedAs("UNUSABLE_STORE", () => first.open(fieldsOf(nameAndTotal)));
  },
};

export const manyHostsOfTable: TableCases = {
  "see what one of them committed, and the generation it switched to": async (stand) => {
    const one = await stand.open();
    const other = stand.another(one);
    await other.open(fieldsOf(nameAndTotal));
    await fold(one, [create("1")], 5);
    assert.deepEqual(await committed(other), { 1: {} });
    assert.deepEqual(await other.live().progress(), at(5));
  },
};

export const reopeningTables: TableCases = {
  "keeps rows, parked events and checkpoint": async (stand) => {
    const table = await stand.open();
    const batch = await table.live().begin();
    await batch.apply([create("1", { name: "x" })]);
    await batch.park(parked("e1", 6));
    const progress = at(7, { folded: 5, positionId: "0190a0b0-0000-7000-8000-000000000001", reordered: true });
    await batch.commit(progress);
    const again = await stand.reopen(table);
    assert.deepEqual(await committed(again), { 1: { name: "x" } });
    assert.deepEqual(await again.live().parked(), [parked("e1", 6)]);
    assert.deepEqual(await again.live().progress(), progress);
  },

  "shows nothing of a batch that was not committed": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "old" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" }), create("2")]);
    await batch.park(parked("e1", 2));
    const again = await stand.reopen(table);
    assert.deepEqual(await committed(again), { 1: { name: "old" } });
    assert.deepEqual(await again.live().progress(), at(1));
    assert.deepEqual(await again.live().parked(), []);
    await fold(again, [create("2")], 2);
  },

  "keeps the generation that was switched to, with its fields": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "old" })], 5);
    const next = await table.build(fieldsOf(wider));
    const batch = await next.begin();
    await batch.apply([create("1", { city: "Oslo" })]);
    await batch.commit(at(9));
    await table.switchTo(next);
    const again = await stand.reopen(table);
    assert.equal(again.live().number, next.number);
    assert.deepEqual([...again.live().fields], [...fieldsOf(wider)]);
    assert.deepEqual(await committed(again), { 1: { city: "Oslo" } });
    const other = await again.live().begin();
    await refusedAs("DUPLICATE_ROW", () => other.apply([create("2", { city: "Oslo" })]));
    await other.rollback();
  },

  "forgets a generation that was not finished": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1")]);
    const next = await table.build(fieldsOf(wider));
    await (await next.begin()).commit(at(5));
    const again = await stand.reopen(table);
    assert.deepEqual(namesOf(again), ["name", "total"]);
    assert.deepEqual(await committed(again), { 1: {} });
    assert.deepEqual(await (await again.build(fieldsOf(wider))).progress(), nowhere);
  },

  "keeps the fields that it was built with, whatever it is opened with": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "x" })], 4);
    const again = await stand.reopen(table, wider);
    assert.deepEqual([...again.live().fields], [...fieldsOf(nameAndTotal)]);
    assert.deepEqual(await again.live().progress(), at(4));
  },
};
