import assert from "node:assert/strict";
import { withOtherProcess } from "../kit/other-process.ts";
import { randomFrom } from "../kit/random.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { copiedFields, counterFields, foldCount } from "./counter.ts";
import { all, fieldsOf, type TableCases } from "./table-fixture.ts";

/** A table whose hosting process is killed. */
export const killsOfTable: TableCases = {
  "keeps complete batches, rows and checkpoint alike, and all acknowledged ones": async (fixture) => {
    let table = await fixture.open(counterFields);
    const place = fixture.inProcess(table);
    const random = randomFrom(Date.now());
    for (let round = 0; round < 3; round++) {
      await table.close();
      const acknowledged = await withOtherProcess("fold into table", place, async (other) => {
        const said = await other.killedAfter(1 + Math.floor(random() * 60), random() * 10);
        return Number(said.at(-1)![0]);
      });
      table = await fixture.reopen(table, counterFields);
      const { position } = await table.live().progress();
      assert.ok(position >= acknowledged, `found ${position}, acknowledged ${acknowledged}`);
      const rows = await table.live().rows.find(all);
      assert.equal(rows.length, 10 + position);
      const steps = rows.filter(({ id }) => id.startsWith("step "));
      for (const { id, total } of steps) assert.equal(id, `step ${String(total)}`);
      for (const { id, total } of rows) if (id.startsWith("count ")) assert.equal(total, position);
      await foldCount(table.live(), position + 1);
    }
  },

  "has its rows and no other generation if the host was killed while it copied": async (fixture) => {
    let table = await fixture.open(counterFields);
    const place = fixture.inProcess(table);
    for (let position = 1; position <= 100; position++) await foldCount(table.live(), position);
    const [number, rows] = [table.live().number, await table.live().rows.find(all)];
    await table.close();
    await withOtherProcess("copy table", place, (other) => other.killedAfter(2, randomFrom(Date.now())() * 20));
    table = await fixture.reopen(table, counterFields);
    assert.equal(table.live().number, number);
    same(await table.live().rows.find(all), rows);
    await table.switchTo(await table.copy(fieldsOf(copiedFields), table.live().origin));
    same(
      await table.live().rows.find(all),
      rows.map((row) => ({ ...row, name: null })),
    );
    await foldCount(table.live(), 101);
  },
};

/** An engine that allows one host among processes. */
export const soleHostOfTableAmongProcesses: TableCases = {
  "is refused to another process meanwhile, and given to it afterwards": async (fixture) => {
    const table = await fixture.open(counterFields);
    const place = fixture.inProcess(table);
    await withOtherProcess("open table", place, async (other) => {
      same(await other.nextMessage(), ["refused", "UNUSABLE_STORE"]);
    });
    await table.close();
    await withOtherProcess("open table", place, async (other) => {
      same(await other.nextMessage(), ["opened"]);
      await refusedAs("UNUSABLE_STORE", () => table.open(fieldsOf(counterFields)));
    });
    await table.open(fieldsOf(counterFields));
  },
};
