import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Generation, ReadTable } from "../../core/table/read-table.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import {
  all,
  at,
  committed,
  create,
  fieldsOf,
  fold,
  nameAndTotal,
  seen,
  update,
  wider,
  type TableCases,
  type TableFixture,
} from "./table-fixture.ts";

const opened = async (table: ReadTable, owner: string): Promise<ReadTable> => {
  await table.open(fieldsOf(nameAndTotal), undefined, { owner });
  return table;
};

/** A host that folds, as a holder of the owner's lease. */
async function folding(table: ReadTable): Promise<ReadTable> {
  await table.takeOver();
  await table.refresh();
  await table.live().progress();
  return table;
}

/** The first has the table's first generation, with the row `{ 1: { name: "first" } }` at position 5. */
async function hostsOf(fixture: TableFixture, ...owners: string[]): Promise<ReadTable[]> {
  const tables: ReadTable[] = [];
  for (const owner of owners) {
    const table = tables.length === 0 ? await fixture.port() : fixture.another(tables[0]!);
    tables.push(await folding(await opened(table, owner)));
    if (tables.length === 1) await fold(table, [create("1", { name: "first" })], 5);
  }
  return tables;
}

async function built(table: ReadTable, name: string, position: number): Promise<Generation> {
  const next = await table.build(fieldsOf(wider));
  const batch = await next.begin();
  await batch.apply([create("1", { name })]);
  await batch.commit(at(position));
  return next;
}

const switched = async (table: ReadTable, name: string, position: number): Promise<void> =>
  table.switchTo(await built(table, name, position));

const namesIn = async (table: ReadTable): Promise<unknown[]> =>
  Object.values(await committed(table)).map((row) => (row as { name?: string }).name);

const origin = { definition: "another", requestId: "first" };

const ownersOf = async (table: ReadTable): Promise<string[]> => (await table.lives()).map(({ owner }) => owner);

/** Hosts with different owners on one table. */
export const ownersOfTable: TableCases = {
  "fold beside each other, and each reads its own rows": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await switched(b, "b's", 2);
    await fold(a, [create("2", { name: "a's" })], 6);
    await fold(b, [create("3", { name: "b's" })], 3);
    await fold(a, [update("2", { total: 7 })], 7);
    same(await committed(a), { 1: { name: "first" }, 2: { name: "a's", total: 7 } });
    same(await committed(b), { 1: { name: "b's" }, 3: { name: "b's" } });
    same([a.live().owner, b.live().owner], ["a", "b"]);
    same(await a.lives(), [
      { owner: "b", number: b.live().number, progress: at(3) },
      { owner: "a", number: a.live().number, progress: at(7) },
    ]);
    await switched(a, "rebuilt", 8);
    same(await ownersOf(b), ["a", "b"]);
    same([await namesIn(a), await namesIn(b)], [["rebuilt"], ["b's", "b's"]]);
  },

  "read the generation that became live last until their own owner has one, and notice each switch": async (
    fixture,
  ) => {
    const [a, b, c, other] = (await hostsOf(fixture, "a", "b", "c", "c")) as [
      ReadTable,
      ReadTable,
      ReadTable,
      ReadTable,
    ];
    const { rows } = other.live();
    assert.equal(other.live().owner, "a");
    await switched(b, "b's", 2);
    same(await seen(rows), { 1: { name: "b's" } });
    assert.equal(other.live().owner, "b");
    await switched(a, "rebuilt", 6);
    same(await seen(rows), { 1: { name: "rebuilt" } });
    await folding(c);
    await switched(c, "c's", 3);
    same(await seen(rows), { 1: { name: "c's" } });
    assert.equal(other.live().owner, "c");
    await switched(b, "rebuilt", 7);
    same([await namesIn(a), await namesIn(b), await namesIn(c)], [["rebuilt"], ["rebuilt"], ["c's"]]);
    same(await seen(rows), { 1: { name: "c's" } });
    const late = await opened(fixture.another(a), "d");
    assert.equal(late.live().number, b.live().number);
  },

  "cannot fold or redefine a generation of another owner": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await refusedAs("STORE_UNAVAILABLE", () => fold(b, [create("late")], 6));
    await refusedAs("STORE_UNAVAILABLE", async () => b.live().redefine("late"));
    await folding(b);
    await refusedAs("STORE_UNAVAILABLE", () => fold(b, [create("late")], 6));
    await fold(a, [create("2")], 6);
    same(await committed(b), { 1: { name: "first" }, 2: {} });
    same(a.live().origin.definition, "");
  },

  "take over without stopping the other owner's batches, builds and switches": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await switched(b, "b's", 2);
    const next = await built(a, "rebuilt", 6);
    const batch = await a.live().begin();
    await batch.apply([create("2")]);
    await folding(b);
    await batch.commit(at(6));
    await fold(a, [create("3")], 7);
    await folding(b);
    await a.live().redefine("a");
    const building = await next.begin();
    await folding(b);
    await building.commit(at(8));
    await a.switchTo(next);
    await fold(b, [create("4")], 3);
    same([await namesIn(a), Object.keys(await committed(b))], [["rebuilt"], ["1", "4"]]);
  },

  "are fenced against another host of the same owner": async (fixture) => {
    const [a, b, other] = (await hostsOf(fixture, "a", "b", "a")) as [ReadTable, ReadTable, ReadTable];
    await switched(b, "b's", 2);
    await refusedAs("STORE_UNAVAILABLE", () => fold(a, [create("late")], 6));
    await fold(other, [create("2")], 6);
    await folding(a);
    const next = await built(a, "late", 7);
    const batch = await a.live().begin();
    await batch.apply([create("late")]);
    await folding(other);
    await refusedAs("STORE_UNAVAILABLE", () => batch.commit(at(7)));
    await batch.rollback();
    await refusedAs("STORE_UNAVAILABLE", () => a.switchTo(next));
    await fold(b, [create("3")], 3);
    same(
      [Object.keys(await committed(a)), Object.keys(await committed(b))],
      [
        ["1", "2"],
        ["1", "3"],
      ],
    );
  },

  "see nothing of a build whose host ends before the switch": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await built(b, "unfinished", 9);
    const next = await folding(await opened(fixture.another(a), "b"));
    same([await ownersOf(next), await namesIn(next), await namesIn(a)], [["a"], ["first"], ["first"]]);
    await switched(next, "b's", 2);
    same([await namesIn(next), await namesIn(a)], [["b's"], ["first"]]);
  },

  "restore a backup that another owner's host has made as a generation of their own": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    const folder = await mkdtemp(join(tmpdir(), "table-owners-"));
    try {
      const { checksum } = await a.backup(folder);
      const restored = await b.restore(folder, checksum, "");
      assert.equal(restored.owner, "b");
      await b.switchTo(restored);
      await fold(b, [create("2")], 6);
      same([Object.keys(await committed(a)), Object.keys(await committed(b))], [["1"], ["1", "2"]]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Owners whose hosts are gone. */
export const droppedOwners: TableCases = {
  "is refused every late write, reads another owner's rows, and builds its own anew when it takes over": async (
    fixture,
  ) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await switched(b, "b's", 2);
    const next = await built(a, "late", 6);
    const { rows } = a.live();
    const batch = await a.live().begin();
    await batch.apply([create("late")]);
    await b.dropOwner("a");
    same(await ownersOf(b), ["b"]);
    await refusedAs("STORE_UNAVAILABLE", () => batch.commit(at(6)));
    await batch.rollback();
    await refusedAs("STORE_UNAVAILABLE", () => fold(a, [create("late")], 6));
    await refusedAs("STORE_UNAVAILABLE", async () => a.live().redefine("late"));
    await refusedAs("STORE_UNAVAILABLE", async () => (await next.begin()).commit(at(7)));
    await refusedAs("STORE_UNAVAILABLE", () => a.switchTo(next));
    same(await seen(rows), { 1: { name: "b's" } });
    await fold(b, [create("2")], 3);

    for (const host of [a, await opened(fixture.another(a), "a")]) {
      await folding(host);
      await switched(host, "anew", 1);
      await fold(host, [create("2")], 2);
      same(
        [await namesIn(host), await ownersOf(b)],
        [
          ["anew", undefined],
          ["a", "b"],
        ],
      );
      await b.dropOwner("a");
    }
    same(Object.keys(await committed(b)), ["1", "2"]);
  },

  "does not fail a query of any other owner": async (fixture) => {
    const [a, b, c] = (await hostsOf(fixture, "a", "b", "c")) as [ReadTable, ReadTable, ReadTable];
    await switched(b, "b's", 2);
    for (let round = 0; round < 3; round++) {
      await folding(a);
      await switched(a, "a's", 6);
      const dropping = { isOver: false };
      const read = async (table: ReadTable, expected: string[]) => {
        const { rows } = table.live();
        while (!dropping.isOver) {
          for (const found of [await seen(rows), await committed(table)])
            assert.ok(expected.includes((found["1"] as { name: string }).name), JSON.stringify(found));
          await new Promise((turn) => setImmediate(turn));
        }
      };
      await c.refresh();
      const readers = Promise.all([read(b, ["b's"]), read(c, ["a's", "b's"]), read(a, ["a's", "b's"])]);
      await b.dropOwner("a").finally(() => (dropping.isOver = true));
      await readers;
    }
  },

  "keeps the last live generation, and nothing is dropped for an owner that has none": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    const next = await built(b, "b's", 2);
    for (const owner of ["a", "b", "unknown"]) await b.dropOwner(owner);
    same([await ownersOf(b), await namesIn(b)], [["a"], ["first"]]);
    await fold(a, [create("2")], 6);
    await b.switchTo(next);
    await b.dropOwner("b");
    same(await ownersOf(b), ["b", "a"]);
  },

  "loses its build that had no live generation": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    const next = await built(b, "b's", 2);
    await a.dropOwner("b");
    await refusedAs("STORE_UNAVAILABLE", async () => (await next.begin()).commit(at(3)));
    await refusedAs("STORE_UNAVAILABLE", () => b.switchTo(next));
    same(await ownersOf(a), ["a"]);
  },
};

/** Hosts with different owners that change the table in the same moment. */
export const racingOwners: TableCases = {
  "create one first generation when they open an empty table at the same time": async (fixture) => {
    const first = await fixture.port();
    const owners = ["a", "b", "a", "c", "b"];
    const ports = owners.map((_, index) => (index === 0 ? first : fixture.another(first)));
    const tables = await Promise.all(ports.map((port, index) => opened(port, owners[index]!)));
    const lives = await first.lives();
    assert.equal(lives.length, 1);
    for (const table of tables) {
      await table.refresh();
      same([table.live().number, table.live().owner], [lives[0]!.number, lives[0]!.owner]);
    }
    const [a, b, , c] = tables as [ReadTable, ReadTable, ReadTable, ReadTable];
    for (const table of [a, b, c]) await switched(await folding(table), table.live().owner, 1);
    same((await ownersOf(a)).toSorted(), ["a", "b", "c"]);
    for (const table of [a, b, c]) await fold(table, [create("2")], 2);
  },

  "copy another owner's generation while it is folded, and go on from there": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    const state = { isOver: false };
    const copying = b.copy(fieldsOf(wider), origin).finally(() => (state.isOver = true));
    let position = 5;
    while (!state.isOver) {
      await fold(a, [update("1", { name: `a's ${++position}`, total: position })], position);
      await new Promise((turn) => setImmediate(turn));
    }
    const copy = await copying;
    same([copy.owner, copy.origin, b.live().owner], ["b", origin, "a"]);
    const { position: copied } = await copy.progress();
    const [row] = await copy.rows.find(all);
    same(row, {
      id: "1",
      name: copied === 5 ? "first" : `a's ${copied}`,
      total: copied === 5 ? null : copied,
      city: null,
    });
    const batch = await copy.begin();
    await batch.apply([update("1", { city: "Oslo" })]);
    await batch.commit(at(copied + 1));
    await b.switchTo(copy);
    await fold(a, [create("2", { name: "a's" })], position + 1);
    same(await namesIn(a), [`a's ${position}`, "a's"]);
    const { name, total } = row!;
    same(await committed(b), { 1: { name, ...(total !== null && { total }), city: "Oslo" } });
  },

  "drop each other: one of them stays": async (fixture) => {
    const [a, b] = (await hostsOf(fixture, "a", "b")) as [ReadTable, ReadTable];
    await switched(b, "b's", 2);
    await Promise.all([a.dropOwner("b"), b.dropOwner("a")]);
    assert.equal((await ownersOf(a)).length, 1);
    await Promise.all([a.refresh(), b.refresh()]);
    same(await committed(a), await committed(b));
  },

  "drop one that commits, switches or starts: it is gone or there": async (fixture) => {
    const [b, a] = (await hostsOf(fixture, "b", "a")) as [ReadTable, ReadTable];
    const isRefused = (error: { type?: unknown }) => assert.equal(error.type, "STORE_UNAVAILABLE");
    for (let round = 1; round <= 4; round++) {
      await folding(a);
      await switched(a, "a's", 1);
      const next = await built(a, "a's", 2);
      const batch = await a.live().begin();
      await batch.apply([create("2")]);
      const another = fixture.another(a);
      const commit = async () => batch.commit(at(2));
      const late = [commit().catch(isRefused), a.switchTo(next).catch(isRefused)];
      await Promise.all([b.dropOwner("a"), ...late, opened(another, "a")]);
      await batch.rollback();
      await folding(another);
      await switched(another, "anew", 3);
      await fold(another, [create("3")], 4);
      await b.dropOwner("unknown");
      await a.refresh();
      same(
        [await namesIn(another), await namesIn(a), await namesIn(b)],
        [["anew", undefined], ["anew", undefined], ["first"]],
      );
      await another.close();
    }
  },
};

/** An engine that allows one host at a time. */
export const soleOwnerOfTable: TableCases = {
  "ignores the owner, and has one live generation": async (fixture) => {
    const table = await opened(await fixture.port(), "a");
    await fold(table, [create("1", { name: "first" })], 5);
    same(await table.lives(), [{ owner: "a", number: table.live().number, progress: at(5) }]);
    await table.close();
    const other = await opened(fixture.another(table), "b");
    if (fixture.capabilities.durability !== "none") same(await namesIn(other), ["first"]);
    assert.equal(other.live().owner, "b");
    for (const owner of ["a", "b"]) await other.dropOwner(owner);
    const next = await built(other, "next", 6);
    assert.equal(next.owner, "b");
    await other.switchTo(next);
    same(await other.lives(), [{ owner: "b", number: next.number, progress: at(6) }]);
    same(await namesIn(other), ["next"]);
  },
};
