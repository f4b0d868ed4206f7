import assert from "node:assert/strict";
import { refusal, refusedAs, refusedAsClosed } from "../refusal.ts";
import { same } from "../same.ts";
import { at, committed, create, fieldsOf, fold, nameAndTotal, nowhere, wider, type TableCases } from "./table-stand.ts";

export const tablePorts: TableCases = {
  "has the capabilities that were declared for it": async (stand) => {
    const table = await stand.open();
    same(table.capabilities, stand.capabilities);
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
    same(await committed(table), { 1: {} });
  },

  "keeps its place apart from others": async (stand) => {
    const [one, other] = [await stand.open(), await stand.open()];
    await fold(one, [create("1")], 5);
    await one.switchTo(await one.build(fieldsOf(wider)));
    same(await committed(other), {});
    same(await other.live().progress(), nowhere);
    same([...other.live().fields.keys()], ["name", "total"]);
  },
};

export const soleHostOfTable: TableCases = {
  "refuses a second one while the first is open, and no longer": async (stand) => {
    const first = await stand.open();
    await fold(first, [create("1")]);
    const second = stand.another(first);
    const { code, retryable } = await refusedAs("UNUSABLE_STORE", () => second.open(fieldsOf(nameAndTotal)));
    same({ code, retryable }, { code: 409, retryable: false });
    await refusedAsClosed(() => second.live());
    same(await committed(first), { 1: {} });
    await first.close();
    await second.open(fieldsOf(nameAndTotal));
    await refusedAs("UNUSABLE_STORE", () => first.open(fieldsOf(nameAndTotal)));
  },
};

export const manyHostsOfTable: TableCases = {
  "see what one of them committed": async (stand) => {
    const one = await stand.open();
    const other = stand.another(one);
    await other.open(fieldsOf(nameAndTotal));
    await fold(one, [create("1")], 5);
    same(await committed(other), { 1: {} });
    same(await other.live().progress(), at(5));
  },
};
