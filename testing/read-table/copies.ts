import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FieldsInput } from "../../core/rows/fields.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { refusedAs, refusedAsClosed } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import {
  all,
  at,
  committed,
  create,
  fieldsOf,
  fold,
  nameAndTotal,
  parked,
  remove,
  seen,
  update,
  wider,
  type TableCases,
  type TableFixture,
} from "./table-fixture.ts";

const origin = { definition: "another", requestId: "first" };
const progress = at(9, { folded: 7, positionId: "e9", reordered: true });
const unique: FieldsInput = { total: { type: "integer", index: true }, name: { type: "string", unique: true } };

/** A live generation with rows, a parked event and a checkpoint. */
async function filled(fixture: TableFixture): Promise<ReadTable> {
  const table = await fixture.open();
  const batch = await table.live().begin();
  await batch.apply([create("1", { name: "ä😀" }), create("2", { total: 7 }), create("3")]);
  await batch.park(parked("e1", 8));
  await batch.commit(progress);
  return table;
}

async function isRefused(table: ReadTable, values: Record<string, unknown>): Promise<void> {
  const batch = await table.live().begin();
  await refusedAs("DUPLICATE_ROW", () => batch.apply([create("new", values)]));
  await batch.rollback();
}

/** Copies of the live generation with other fields. */
export const copies: TableCases = {
  "has the rows, parked events and checkpoint of the live one, and its own fields and origin": async (fixture) => {
    const table = await filled(fixture);
    const copy = await table.copy(fieldsOf(wider), origin);
    assert.ok(copy.number > table.live().number);
    same([...copy.fields], [...fieldsOf(wider)]);
    same(copy.origin, origin);
    same(await copy.progress(), progress);
    same(await copy.parked(), [parked("e1", 8)]);
    same(await copy.rows.find(all), [
      { id: "1", name: "ä😀", total: null, city: null },
      { id: "2", name: null, total: 7, city: null },
      { id: "3", name: null, total: null, city: null },
    ]);
    same(await committed(table), { 1: { name: "ä😀" }, 2: { total: 7 }, 3: {} });
    same(table.live().origin, { definition: "", requestId: "" });
  },

  "is folded on from where it stands, like any other": async (fixture) => {
    const table = await filled(fixture);
    const copy = await table.copy(fieldsOf(wider), origin);
    await fold(table, [create("old")], 10);
    const batch = await copy.begin();
    await batch.apply([update("1", { city: "Oslo" }), remove("2"), create("4")]);
    await batch.unpark("e1");
    await batch.commit(at(10));
    same(await committed(table), { 1: { name: "ä😀" }, 2: { total: 7 }, 3: {}, old: {} });
    await table.switchTo(copy);
    const rows = { 1: { name: "ä😀", city: "Oslo" }, 3: {}, 4: {} };
    same(await committed(table), rows);
    same(await table.live().parked(), []);
    await isRefused(table, { city: "Oslo" });
    if (fixture.capabilities.durability === "none") return;
    const again = await fixture.reopen(table);
    same([again.live().origin, await again.live().progress()], [origin, at(10)]);
    same(await committed(again), rows);
  },

  "enforces the unique fields that it adds, and no longer those that it lacks": async (fixture) => {
    const table = await filled(fixture);
    await fold(table, [create("4", { name: "x", total: 7 })], 10);
    await table.switchTo(await table.copy(fieldsOf(unique), origin));
    same([...table.live().fields.keys()], ["total", "name"]);
    await isRefused(table, { name: "x" });
    await fold(table, [create("5", { name: "y", total: 7 })], 11);
    await table.switchTo(await table.copy(fieldsOf(nameAndTotal), origin));
    await fold(table, [create("6", { name: "x" })], 12);
    same(await committed(table), {
      1: { name: "ä😀" },
      2: { total: 7 },
      3: {},
      4: { name: "x", total: 7 },
      5: { name: "y", total: 7 },
      6: { name: "x" },
    });
  },

  "is refused if rows repeat a value that has to be unique, and leaves nothing": async (fixture) => {
    const table = await filled(fixture);
    await fold(table, [create("4", { name: "x" }), create("5", { name: "x" })], 10);
    const refused = await refusedAs("DUPLICATE_ROW", () => table.copy(fieldsOf(unique), origin));
    same(refused.data, { field: "name", actual: "x" });
    await fold(table, [update("5", { name: "y" })], 11);
    await table.switchTo(await table.copy(fieldsOf(unique), origin));
    await isRefused(table, { name: "y" });
  },

  "can be copied again, backed up and restored, and dropped": async (fixture) => {
    const folder = await mkdtemp(join(tmpdir(), "table-copy-"));
    try {
      const table = await filled(fixture);
      const rows = await committed(table);
      await table.switchTo(await table.copy(fieldsOf(wider), origin));
      await table.drop(await table.copy(fieldsOf(wider), origin));
      await table.switchTo(await table.copy(fieldsOf(wider), origin));
      const { checksum, ...facts } = await table.backup(folder);
      same([facts.rows, facts.progress, facts.origin], [3, progress, origin]);
      const restored = await table.restore(folder, checksum, "second");
      same(await seen(restored.rows), rows);
      same(await restored.parked(), [parked("e1", 8)]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },

  "is of one moment, while the live one is folded on": async (fixture) => {
    const table = await fixture.open();
    const names = Array.from({ length: 200 }, (_, index) => `r${index}`);
    const set = (total: number) => names.map((name) => update(name, { total }));
    await fold(table, set(1), 1);
    const state = { isOver: false };
    const copying = table.copy(fieldsOf(wider), origin).finally(() => (state.isOver = true));
    let position = 1;
    while (!state.isOver) {
      position++;
      await fold(table, set(position), position);
      await new Promise((turn) => setImmediate(turn));
    }
    const copy = await copying;
    const { position: copied } = await copy.progress();
    const rows = await copy.rows.find(all);
    same([...new Set(rows.map(({ total }) => total))], [copied]);
    assert.equal(rows.length, names.length);
    same(await table.live().progress(), at(position));
    const batch = await copy.begin();
    await batch.apply(set(position));
    await batch.commit(at(position));
    await table.switchTo(copy);
    same(new Set((await table.live().rows.find(all)).map(({ total }) => total)), new Set([position]));
  },

  "lacks a running batch, which is neither awaited nor disturbed": async (fixture) => {
    const table = await filled(fixture);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "x" }), create("4")]);
    const copy = await table.copy(fieldsOf(wider), origin);
    same(await seen(copy.rows), { 1: { name: "ä😀" }, 2: { total: 7 }, 3: {} });
    await batch.commit(at(10));
    same(await copy.progress(), progress);
    same(await committed(table), { 1: { name: "x" }, 2: { total: 7 }, 3: {}, 4: {} });
  },

  "is of the generation that was live when it began, even if another replaces it meanwhile": async (fixture) => {
    const table = await filled(fixture);
    const before = await committed(table);
    const copying = table.copy(fieldsOf(wider), origin);
    await table.switchTo(await table.build(fieldsOf(nameAndTotal)));
    same(await seen((await copying).rows), before);
    same(await committed(table), {});
  },

  "is refused as an outage if the table is closed": async (fixture) => {
    const table = await filled(fixture);
    await table.close();
    await refusedAsClosed(() => table.copy(fieldsOf(wider), origin));
  },
};
