import assert from "node:assert/strict";
import { refusedAs, refusedAsClosed } from "../refusal.ts";
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
} from "./table-stand.ts";

export const batches: TableCases = {
  "shows its own changes to itself at once, and to everybody else when it is committed": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "old" }), create("2", { name: "two" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" })]);
    await batch.apply([remove("2"), create("3", { total: 3 })]);
    const after = { 1: { name: "new" }, 3: { total: 3 } };
    assert.deepEqual(await seen(batch.rows), after);
    assert.equal(await batch.rows.count(all), 2);
    assert.deepEqual(await batch.rows.findByIds(["3", "2"]), [{ id: "3", name: null, total: 3 }]);
    assert.deepEqual(await committed(table), { 1: { name: "old" }, 2: { name: "two" } });
    assert.equal(await table.live().rows.count(all), 2);
    assert.deepEqual(await table.live().rows.findByIds(["3", "2"]), [{ id: "2", name: "two", total: null }]);
    await batch.commit(at(2));
    assert.deepEqual(await committed(table), after);
  },

  "commits rows, parked events and the checkpoint together": async (stand) => {
    const table = await stand.open();
    assert.deepEqual(await table.live().progress(), nowhere);
    const batch = await table.live().begin();
    await batch.apply([create("1")]);
    await batch.park(parked("e1", 6));
    assert.deepEqual(await table.live().progress(), nowhere);
    assert.deepEqual(await table.live().parked(), []);
    const progress = at(7, { folded: 5, positionId: "0190a0b0-0000-7000-8000-000000000001", reordered: true });
    await batch.commit(progress);
    assert.deepEqual(await table.live().progress(), progress);
    assert.deepEqual(await table.live().parked(), [parked("e1", 6)]);
    assert.deepEqual(await committed(table), { 1: {} });
  },

  "leaves neither rows nor checkpoint when its commit fails": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1")], 1);
    // No engine can store these; one that takes them all the same has to take the rows with them.
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
      if (!isCommitted) assert.deepEqual(await table.live().progress(), at(1));
      await fold(table, [remove("2")], 1);
    }
  },

  "may commit a checkpoint alone": async (stand) => {
    const table = await stand.open();
    await (await table.live().begin()).commit(at(3));
    assert.deepEqual(await table.live().progress(), at(3));
  },

  "leaves nothing when it is rolled back, and the next one starts afresh": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("1", { name: "old" })]);
    const batch = await table.live().begin();
    await batch.apply([update("1", { name: "new" }), create("2")]);
    await batch.park(parked("e1", 2));
    await batch.rollback();
    await batch.rollback();
    assert.deepEqual(await committed(table), { 1: { name: "old" } });
    assert.deepEqual(await table.live().progress(), at(1));
    assert.deepEqual(await table.live().parked(), []);
    await fold(table, [create("2")], 2);
    assert.deepEqual(await committed(table), { 1: { name: "old" }, 2: {} });
  },

  "that has ended takes no more changes": async (stand) => {
    const table = await stand.open();
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
    assert.deepEqual(await committed(table), {});
    assert.deepEqual(await table.live().progress(), at(1));
  },

  "applies all of some changes or, if one is refused, none of them, and what it applied before stays": async (
    stand,
  ) => {
    const table = await stand.open();
    await fold(table, [create("taken")]);
    const batch = await table.live().begin();
    await batch.apply([create("before")]);
    await refusedAs("DUPLICATE_ROW", () =>
      batch.apply([create("1"), remove("before"), update("taken", { name: "x" }), create("taken"), create("3")]),
    );
    assert.deepEqual(await seen(batch.rows), { before: {}, taken: {} });
    await batch.apply([create("1"), create("3")]);
    await batch.apply([]);
    await batch.commit(at(2));
    assert.deepEqual(Object.keys(await committed(table)), ["1", "3", "before", "taken"]);
  },

  "goes back to its last mark, any number of times": async (stand) => {
    const table = await stand.open();
    const batch = await table.live().begin();
    await batch.mark();
    await batch.apply([create("1")]);
    await batch.mark();
    await batch.apply([create("2"), update("1", { name: "x" })]);
    await batch.park(parked("e1", 1));
    await batch.undo();
    assert.deepEqual(await seen(batch.rows), { 1: {} });
    await batch.apply([create("2", { total: 2 }), remove("1")]);
    await batch.undo();
    assert.deepEqual(await seen(batch.rows), { 1: {} });
    await batch.apply([create("3")]);
    await batch.mark();
    await batch.apply([create("4")]);
    await batch.undo();
    await batch.commit(at(1));
    assert.deepEqual(await committed(table), { 1: {}, 3: {} });
    assert.deepEqual(await table.live().parked(), []);
  },

  "does not know the mark of the batch before it": async (stand) => {
    const table = await stand.open();
    const first = await table.live().begin();
    await first.mark();
    await first.commit(at(1));
    const second = await table.live().begin();
    await second.apply([create("1")]);
    await second.mark();
    await second.apply([create("2")]);
    await second.undo();
    await second.commit(at(2));
    assert.deepEqual(await committed(table), { 1: {} });
  },

  "takes back to its mark what was applied before a refusal": async (stand) => {
    const table = await stand.open();
    await fold(table, [create("taken")]);
    const batch = await table.live().begin();
    await batch.mark();
    await batch.apply([create("1"), create("2")]);
    await refusedAs("DUPLICATE_ROW", () => batch.apply([create("taken")]));
    await batch.undo();
    await batch.commit(at(2));
    assert.deepEqual(await committed(table), { taken: {} });
  },
};

export const parkedEvents: TableCases = {
  "is listed in the order of positions, until it is taken out": async (stand) => {
    const table = await stand.open();
    const [first, second, third] = [parked("e1", 3), parked("e2", 12, { error: null }), parked("e3", 100)];
    const batch = await table.live().begin();
    for (const event of [third, second, first]) await batch.park(event);
    await batch.commit(at(100));
    assert.deepEqual(await table.live().parked(), [first, second, third]);

    const again = { ...first, attempts: 4 };
    const next = await table.live().begin();
    await next.park(again);
    await next.unpark("e2");
    await next.unpark("unknown");
    await next.commit(at(100));
    assert.deepEqual(await table.live().parked(), [again, third]);
  },

  "stays parked where its batch takes it back": async (stand) => {
    const table = await stand.open();
    const first = await table.live().begin();
    await first.park(parked("e1", 1));
    await first.commit(at(1));
    const second = await table.live().begin();
    await second.mark();
    await second.unpark("e1");
    await second.undo();
    await second.commit(at(2));
    assert.deepEqual(await table.live().parked(), [parked("e1", 1)]);
  },
};

export const wholeBatches: TableCases = {
  "is seen whole or not at all by any number of readers": async (stand) => {
    const table = await stand.open();
    const ids = Array.from({ length: 20 }, (_, index) => `row ${index}`);
    await fold(
      table,
      ids.map((id) => create(id, { total: 1 })),
    );
    const turn = () => new Promise<void>((done) => setImmediate(done));
    const writing = { isOver: false };
    const read = async () => {
      const totals = new Set<unknown>();
      while (!writing.isOver) {
        const rows = await table.live().rows.find(all);
        assert.equal(rows.length, ids.length);
        assert.equal(new Set(rows.map(({ total }) => total)).size, 1, "rows of two batches at once");
        totals.add(rows[0]!["total"]);
        await turn();
      }
      return totals.size;
    };
    const write = async () => {
      for (let position = 2; position < 60; position++) {
        const batch = await table.live().begin();
        for (const id of ids) {
          await batch.apply([remove(id)]);
          await turn();
          await batch.apply([create(id, { total: position })]);
        }
        await batch.commit(at(position));
        await turn();
      }
      writing.isOver = true;
    };
    const [, ...seenByReaders] = await Promise.all([write(), read(), read(), read()]);
    for (const count of seenByReaders) assert.ok(count > 10, `a reader saw ${count} batches`);
  },
};
