import assert from "node:assert/strict";
import { all, at, create, fold, remove, type TableCases } from "./table-fixture.ts";

/** Engines that declare `atomicBatch`: no reader sees part of a batch. */
export const wholeBatches: TableCases = {
  "is seen completely or not at all by any number of readers": async (fixture) => {
    const table = await fixture.open();
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
