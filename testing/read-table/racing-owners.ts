import assert from "node:assert/strict";
import type { ReadTable } from "../../core/table/read-table.ts";
import { same } from "../kit/same.ts";
import { built, folding, hostsOf, namesIn, opened, ownersOf, switched } from "./owner-hosts.ts";
import { all, at, committed, create, fieldsOf, fold, update, wider, type TableCases } from "./table-fixture.ts";

const origin = { definition: "another", requestId: "first" };

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
