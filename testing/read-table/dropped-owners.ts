import assert from "node:assert/strict";
import type { ReadTable } from "../../core/table/read-table.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { built, folding, hostsOf, namesIn, opened, ownersOf, switched } from "./owner-hosts.ts";
import { at, committed, create, fold, seen, type TableCases } from "./table-fixture.ts";

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
