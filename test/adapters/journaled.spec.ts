import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopyLock } from "../../adapters/parts/journaled-table/copy-lock.ts";
import { cutJournal } from "../../adapters/parts/journaled-table/journal.ts";
import { pushDown } from "../../adapters/parts/journaled-table/filter.ts";
import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import type { RowStore } from "../../adapters/parts/journaled-table/row-store.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf } from "../../core/query/query.ts";
import { sharedStore } from "../contract/nedb-port.ts";
import { countedFields, foldBatch, plainly, progressAt, rowsIn, type CountChange } from "../support/counted-rows.ts";
import { stepping } from "../support/stepping-store.ts";
import { refusal } from "../support/broker.ts";

const many: CountChange[] = Array.from({ length: 40 }, (_, index) => ({ id: `row ${index}`, does: "add" }));

const open = async (store: RowStore, name = "table") => {
  const table = new JournaledReadTable(store, name);
  await table.open(countedFields);
  return table;
};

/** The same store with small documents. */
const withSmallDocuments = (store: RowStore): RowStore =>
  Object.assign(
    stepping(store, async () => {}),
    { maxBytes: 300 },
  );

describe("A journaled table", () => {
  it("cuts a journal that no document holds, and goes on after a crash between its parts", async () => {
    const place = sharedStore();
    const first = place();
    const journals: number[] = [];
    const dies = stepping(first, async (what) => {
      if (what === "add piece") journals.push(1);
      if (what === "put row 20") throw new Error("dead");
    });
    const one = await open(Object.assign(dies, { maxBytes: 300 }));
    await refusal(() => foldBatch(one.live(), many, 1));
    expect(journals.length).toBeGreaterThan(5);
    const other = new JournaledReadTable(place(), "table");
    const lines: string[] = [];
    await other.open(countedFields, undefined, { debug: (message) => lines.push(message) });
    expect(await other.live().progress()).toEqual(progressAt(1));
    expect(await rowsIn(other.live().rows)).toEqual(plainly([many], 1));
    expect(lines).toEqual([expect.stringMatching(/ journal: decided -> applied again$/)]);
    await other.takeOver();
    expect(lines[1]).toMatch(/ fence: epoch 1 -> 2$/);
    const left = (await first.heads.list("piece")).length;
    expect(left).toBe(0);
  });

  it("omits an undecided batch from the journal, and removes its parts with the next batch", async () => {
    const place = sharedStore();
    const one = await open(withSmallDocuments(place()));
    const dies = stepping(place(), async (what) => {
      if (what.startsWith("change batch")) throw new Error("dead");
    });
    const dying = await open(Object.assign(dies, { maxBytes: 300 }));
    await refusal(() => foldBatch(dying.live(), many, 1));
    await foldBatch(one.live(), many, 1);
    expect(await rowsIn(one.live().rows)).toEqual(plainly([many], 1));
    const store = place();
    await store.open();
    expect(await store.heads.list("piece")).toEqual([]);
  });

  it("refuses a row that no document holds, as the event's error", async () => {
    const fields = parseFields("table", { name: "string" });
    const table = new JournaledReadTable(withSmallDocuments(sharedStore()()), "table");
    await table.open(fields);
    const batch = await table.live().begin();
    const values = { name: "x".repeat(300) };
    const error = await refusal(() => batch.apply([{ operation: "create", id: "1", values }]));
    expect(error).toMatchObject({ type: "INVALID_ROW" });
    expect(error.message).toMatch(/id: found "1", a row of \d+ bytes, expected a row of at most 300 bytes/);
  });

  it("refuses a host that knows an older batch, even if no host has taken over", async () => {
    const place = sharedStore();
    const [one, other] = [await open(place()), await open(place())];
    await foldBatch(one.live(), [{ id: "a", does: "add" }], 1);
    const late = await refusal(() => foldBatch(other.live(), [{ id: "a", does: "add" }], 1));
    expect(late).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(await other.live().progress()).toEqual(progressAt(1));
    await foldBatch(other.live(), [{ id: "a", does: "add" }], 2);
    expect(await rowsIn(one.live().rows)).toEqual({ a: [2, 2] });
  });

  it("has no checkpoint ahead of its rows for any reader during a commit", async () => {
    const place = sharedStore();
    const reader = await open(place());
    const seen: unknown[] = [];
    const store = stepping(place(), async (what) => {
      if (what.startsWith("put")) seen.push((await reader.live().progress()).position);
    });
    const writer = await open(store);
    await writer.takeOver();
    await writer.live().progress();
    await foldBatch(writer.live(), many, 1);
    expect(new Set(seen)).toEqual(new Set([0]));
    expect(await reader.live().progress()).toEqual(progressAt(1));
  });

  it("is copied as of one batch while another host folds it", async () => {
    const place = sharedStore();
    const [writer, copier] = [await open(place()), await open(place())];
    await foldBatch(writer.live(), many, 1);
    const folder = mkdtempSync(join(tmpdir(), "journaled-"));
    try {
      const state = { isOver: false };
      const copy = copier.backup(folder).finally(() => (state.isOver = true));
      let position = 1;
      while (!state.isOver) {
        await foldBatch(writer.live(), many, ++position);
        await new Promise((turn) => setImmediate(turn));
      }
      const { progress, checksum, rows } = await copy;
      expect(rows).toBe(many.length);
      const restored = await copier.restore(folder, checksum, "");
      expect(await rowsIn(restored.rows)).toEqual(plainly(Array(position).fill(many), progress.position));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("is folded on after the host with its copy lock has died; one that had only paused finds its lock broken", async () => {
    const place = sharedStore();
    const store = place();
    const table = await open(store);
    const slow = await open(place());
    await foldBatch(table.live(), many, 1);
    const number = table.live().number;
    const taken = await CopyLock.take(store, number);
    const next = foldBatch(table.live(), many, 2);
    expect((await slow.live().progress()).position).toBe(1);
    await next;
    expect(await table.live().progress()).toEqual(progressAt(2));
    expect(await taken!.lock.release()).toBe(false);
  });

  it("neither passes over nor changes what a newer version has stored", async () => {
    const place = sharedStore();
    const store = place();
    const table = await open(store);
    await foldBatch(table.live(), many, 1);
    const newer = { type: "UNUSABLE_STORE", message: expect.stringContaining("written by a newer version") };
    const generation = `generation ${table.live().number}`;
    const journal = JSON.stringify([["attachments", "row 1", false, null]]);
    await store.heads.change(generation, {}, { batch: 2, journal, next: JSON.stringify(progressAt(2)) });
    expect(await refusal(() => table.live().progress())).toMatchObject(newer);
    expect((await store.heads.get(generation))!["journal"]).toBe(journal);
    await store.heads.change(generation, {}, { journal: null, format: 99 });
    expect(await refusal(() => table.live().progress())).toMatchObject(newer);
    expect(await refusal(() => table.takeOver())).toMatchObject(newer);
    await table.close();
    expect(await refusal(() => open(place()))).toMatchObject(newer);
  });

  it("is not opened where another table is kept, or by a version that does not know its documents", async () => {
    const place = sharedStore();
    const store = place();
    const table = await open(store, "one");
    const error = await refusal(() => open(place(), "other"));
    expect(error).toMatchObject({ type: "UNUSABLE_STORE" });
    expect(error.message).toMatch(/found the table "one", expected "other"/);
    await store.heads.change("pointer", {}, { format: 99 });
    await table.close();
    expect((await refusal(() => open(place(), "one"))).message).toMatch(
      /written by a newer version of moleculer-event-sourcing: .*found 99, expected 1/,
    );
  });

  it("drops what a crash left: generations long untouched, half dropped ones, and rows of none", async () => {
    const place = sharedStore();
    const store = place();
    const table = await open(store);
    const [old, young] = [await table.build(countedFields), await table.build(countedFields)];
    for (const generation of [old, young]) await foldBatch(generation, [{ id: "a", does: "add" }], 1);
    await store.heads.change(`generation ${old.number}`, {}, { touched: 0 });
    const again = await open(place());
    const there = async (number: number) => store.documents(number, "rows").count({});
    expect([await there(old.number), await there(young.number)]).toEqual([0, 1]);
    await store.heads.remove({ _id: `generation ${young.number}` });
    await open(place());
    expect(await there(young.number)).toBe(0);
    expect(await rowsIn(again.live().rows)).toEqual({});
  });
});

describe("What is pushed down to an engine", () => {
  const fields = parseFields("table", { city: { type: "string", index: true }, n: "number", o: "object" });
  const documents = { keyOf: (id: string) => `key ${id}`, pathOf: (field: string) => `row.${field}` };
  const pushed = (query: object, sortsByBytes = false) =>
    pushDown(parseQuery(queryFieldsOf(fields), { query }).where, { documents, sortsByBytes });

  it("finds rows by id, by values and by ranges of numbers, and no others", () => {
    expect(pushed({ id: "1" })).toEqual({ filter: { _id: "key 1" }, isExact: true });
    expect(pushed({ id: { $in: ["1", "2"] } })).toEqual({
      filter: { _id: { $in: ["key 1", "key 2"] } },
      isExact: true,
    });
    expect(pushed({ city: "Oslo", n: { $gt: 1 } })).toEqual({
      filter: { $and: [{ "row.city": "Oslo" }, { "row.n": { $gt: 1 } }] },
      isExact: true,
    });
  });

  it("finds more if the engine decides otherwise, and reports it", () => {
    expect(pushed({ city: { $gt: "A" }, n: 1 })).toEqual({ filter: { "row.n": 1 }, isExact: false });
    expect(pushed({ city: { $gt: "A" } }, true)).toEqual({ filter: { "row.city": { $gt: "A" } }, isExact: true });
    expect(pushed({ $or: [{ n: 1 }, { "o.x": 1 }] })).toEqual({ filter: null, isExact: false });
    expect(pushed({ n: 2 ** 60 })).toEqual({ filter: null, isExact: false });
    expect(pushed({ $or: Array.from({ length: 2000 }, (_, n) => ({ n })) })).toEqual({ filter: null, isExact: false });
  });

  it("takes a negation to where null stands", () => {
    expect(pushed({ $not: { n: { $gt: 1 } } })).toEqual({
      filter: { $or: [{ "row.n": { $lte: 1 } }, { "row.n": null }] },
      isExact: true,
    });
    expect(pushed({ $not: { $or: [{ n: 1 }, { city: "Oslo" }] } })).toEqual({
      filter: { $and: [{ "row.n": { $ne: 1 } }, { "row.city": { $ne: "Oslo" } }] },
      isExact: true,
    });
  });
});

describe("A journal", () => {
  it("is cut at writes, none of which is lost", () => {
    const writes = Array.from({ length: 10 }, (_, n) => ({
      kind: "rows" as const,
      id: `😀${n}`,
      isNew: true,
      content: { n },
    }));
    const texts = cutJournal(writes, 100);
    expect(texts.every((text) => Buffer.byteLength(text) <= 101)).toBe(true);
    expect(texts.flatMap((text) => JSON.parse(text) as unknown[])).toHaveLength(10);
    expect(cutJournal([], 100)).toEqual(["[]"]);
  });
});
