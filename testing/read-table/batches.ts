import assert from "node:assert/strict";
import { refusedAs, refusedAsClosed } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import {
  all,
  at,
  committed,
  create,
  fold,
  nowhere,
  parked,
  remove,
  seen,
  update,
  type TableCases,
} from "./table-fixture.ts";

/** Batches: commit, rollback and marks. */
export const batches: TableCases = {
  "shows its own changes to itself at once, and to other readers when it is committed": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "old" }), create("2", { name: "two" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" })]);
    await batch.apply([remove("2"), create("3", { total: 3 })]);
    const after = { 1: { name: "new" }, 3: { total: 3 } };
    same(await seen(batch.rows), after);
    assert.equal(await batch.rows.count(all), 2);
    same(await batch.rows.findByIds(["3", "2"]), [{ id: "3", name: null, total: 3 }]);
    same(await committed(table), { 1: { name: "old" }, 2: { name: "two" } });
    assert.equal(await table.live().rows.count(all), 2);
    same(await table.live().rows.findByIds(["3", "2"]), [{ id: "2", name: "two", total: null }]);
    await batch.commit(at(2));
    same(await committed(table), after);
  },

  "commits rows, parked events and the checkpoint together": async (fixture) => {
    const table = await fixture.open();
    same(await table.live().progress(), nowhere);
    const batch = await table.live().begin();
    await batch.apply([create("1")]);
    await batch.park(parked("e1", 6));
    same(await table.live().progress(), nowhere);
    same(await table.live().parked(), []);
    const progress = at(7, { folded: 5, positionId: "0190a0b0-0000-7000-8000-000000000001", reordered: true });
    await batch.commit(progress);
    same(await table.live().progress(), progress);
    same(await table.live().parked(), [parked("e1", 6)]);
    same(await committed(table), { 1: {} });
  },

  "leaves neither rows nor checkpoint when its commit fails": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1")], 1);
    // No engine can store these; one that accepts them must roll back the rows, too.
    for (const nonsense of [{ position: null }, { log: Symbol("log") }, { folded: {} }, { positionId: () => {} }]) {
      const batch = await table.live().begin();
      await batch.apply([create("2")]);
      const isCommitted = await Promise.resolve()
        .then(() => batch.commit(at(2, nonsense as never)))
        .then(
          () => true,
          () => false,
        );
      await batch.rollback();
      assert.equal("2" in (await committed(table)), isCommitted);
      if (!isCommitted) same(await table.live().progress(), at(1));
      await fold(table, [remove("2")], 1);
    }
  },

  "may commit a checkpoint alone": async (fixture) => {
    const table = await fixture.open();
    await (await table.live().begin()).commit(at(3));
    same(await table.live().progress(), at(3));
  },

  "leaves nothing when it is rolled back, and the next one starts without its changes": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("1", { name: "old" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" }), create("2")]);
    await batch.park(parked("e1", 2));
    await batch.rollback();
    await batch.rollback();
    same(await committed(table), { 1: { name: "old" } });
    same(await table.live().progress(), at(1));
    same(await table.live().parked(), []);
    await fold(table, [create("2")], 2);
    same(await committed(table), { 1: { name: "old" }, 2: {} });
  },

  "that has ended takes no more changes": async (fixture) => {
    const table = await fixture.open();
    for (const end of ["commit", "rollback"] as const) {
      const batch = await table.live().begin();
      await (end === "commit" ? batch.commit(at(1)) : batch.rollback());
      for (const call of [
        () => batch.apply([create("1")]),
        () => batch.apply([create("1"), create("2")]),
        () => batch.mark(),
        () => batch.park(parked("e1", 1)),
        () => batch.unpark("e1"),
        () => batch.commit(at(9)),
      ])
        await refusedAsClosed(call);
    }
    same(await committed(table), {});
    same(await table.live().progress(), at(1));
  },

  "applies all changes of a call or, if one is refused, none of them; earlier changes stay": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("taken")]);
    const batch = await table.live().begin();
    await batch.apply([create("before")]);
    await refusedAs("DUPLICATE_ROW", () =>
      batch.apply([create("1"), remove("before"), update("taken", { name: "x" }), create("taken"), create("3")]),
    );
    same(await seen(batch.rows), { before: {}, taken: {} });
    await batch.apply([create("1"), create("3")]);
    await batch.apply([]);
    await batch.commit(at(2));
    same(Object.keys(await committed(table)), ["1", "3", "before", "taken"]);
  },

  "shows changes before a mark to every query after it": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("old", { total: 1 })]);
    const batch = await table.live().begin();
    await batch.mark();
    await batch.apply([create("first", { name: "x" }), update("old", { name: "x" })]);
    same(await seen(batch.rows), { first: { name: "x" }, old: { name: "x", total: 1 } });
    assert.equal(await batch.rows.count(all), 2);
    same(await batch.rows.findByIds(["first"]), [{ id: "first", name: "x", total: null }]);
    await batch.apply([update("first", { total: 2 })]);
    same(await batch.rows.findByIds(["first"]), [{ id: "first", name: "x", total: 2 }]);
    await batch.commit(at(2));
    same(await committed(table), { first: { name: "x", total: 2 }, old: { name: "x", total: 1 } });
  },

  "goes back to its last mark, any number of times": async (fixture) => {
    const table = await fixture.open();
    const batch = await table.live().begin();
    await batch.mark();
    await batch.apply([create("1")]);
    await batch.mark();
    await batch.apply([create("2"), update("1", { name: "x" })]);
    await batch.park(parked("e1", 1));
    await batch.undo();
    same(await seen(batch.rows), { 1: {} });
    await batch.apply([create("2", { total: 2 }), remove("1")]);
    await batch.undo();
    same(await seen(batch.rows), { 1: {} });
    await batch.apply([create("3")]);
    await batch.mark();
    await batch.apply([create("4")]);
    await batch.undo();
    await batch.commit(at(1));
    same(await committed(table), { 1: {}, 3: {} });
    same(await table.live().parked(), []);
  },

  "does not know the mark of the batch before it": async (fixture) => {
    const table = await fixture.open();
    const first = await table.live().begin();
    await first.mark();
    await first.commit(at(1));
    const second = await table.live().begin();
    await second.apply([create("1")]);
    await second.mark();
    await second.apply([create("2")]);
    await second.undo();
    await second.commit(at(2));
    same(await committed(table), { 1: {} });
  },

  "undoes to its mark the changes before a refusal": async (fixture) => {
    const table = await fixture.open();
    await fold(table, [create("taken")]);
    const batch = await table.live().begin();
    await batch.mark();
    await batch.apply([create("1"), create("2")]);
    await refusedAs("DUPLICATE_ROW", () => batch.apply([create("taken")]));
    await batch.undo();
    await batch.commit(at(2));
    same(await committed(table), { taken: {} });
  },
};
