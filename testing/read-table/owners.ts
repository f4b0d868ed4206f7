import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadTable } from "../../core/table/read-table.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { built, folding, hostsOf, namesIn, opened, ownersOf, switched } from "./owner-hosts.ts";
import { at, committed, create, fold, seen, update, type TableCases } from "./table-fixture.ts";

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
