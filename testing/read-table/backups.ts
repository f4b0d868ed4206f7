import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadTable } from "../../core/table/read-table.ts";
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
  parked,
  remove,
  seen,
  update,
  wider,
  type TableCases,
  type TableFixture,
} from "./table-fixture.ts";

const origin = { definition: '{"version":1}', requestId: "first" };

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "table-backup-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A live generation with an origin, rows, a parked event and a checkpoint. */
async function filled(fixture: TableFixture): Promise<ReadTable> {
  const table = await fixture.open();
  const next = await table.build(fieldsOf(wider), origin);
  const batch = await next.begin();
  await batch.apply([create("1", { name: "ä😀", city: "Oslo" }), create("2", { total: 7 })]);
  await batch.park(parked("e1", 8));
  await batch.commit(at(9, { folded: 7, positionId: "e9", reordered: true }));
  await table.switchTo(next);
  return table;
}

/** Backups of a generation, and their restore. */
export const backups: TableCases = {
  "contains the live generation, and restores it as it was": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      const progress = at(9, { folded: 7, positionId: "e9", reordered: true });
      const { checksum, bytes, ...facts } = await table.backup(folder);
      same(facts, { rows: 2, progress, origin });
      assert.ok(bytes > 0);
      assert.ok(checksum.length > 0);

      await fold(table, [update("1", { name: "new" }), remove("2"), create("3")], 12);
      const restored = await table.restore(folder, checksum, "second");
      assert.ok(restored.number > table.live().number);
      same([...restored.fields], [...fieldsOf(wider)]);
      same(restored.origin, { ...origin, requestId: "second" });
      same(await restored.progress(), progress);
      same(await restored.parked(), [parked("e1", 8)]);
      same(await seen(restored.rows), { 1: { name: "ä😀", city: "Oslo" }, 2: { total: 7 } });
      same(await committed(table), { 1: { name: "new", city: "Oslo" }, 3: {} });

      await table.switchTo(restored);
      same(await committed(table), { 1: { name: "ä😀", city: "Oslo" }, 2: { total: 7 } });
      const other = await table.live().begin();
      await refusedAs("DUPLICATE_ROW", () => other.apply([create("4", { city: "Oslo" })]));
      await other.rollback();
      await fold(table, [create("4", { city: "Bergen" })], 10);
      same((await committed(table))["4"], { city: "Bergen" });
    }),

  "restores every text, also one with characters that end a line elsewhere": async (fixture) =>
    inFolder(async (folder) => {
      const odd = 'a\u2028b\u2029c\rd\r\ne\u0085f\vg\fh\ti"\\ \ufeff';
      const table = await fixture.open();
      const batch = await table.live().begin();
      await batch.apply([create("1", { name: odd }), create(odd.trim(), { name: "second" })]);
      await batch.park({ ...parked("e1", 8), type: odd });
      await batch.commit(at(9));
      const before = await committed(table);
      const { checksum } = await table.backup(folder);
      const restored = await table.restore(folder, checksum, "");
      same(await seen(restored.rows), before);
      same(await restored.parked(), [{ ...parked("e1", 8), type: odd }]);
    }),

  "is of one moment, while the table is folded on": async (fixture) =>
    inFolder(async (folder) => {
      const table = await fixture.open();
      const names = Array.from({ length: 200 }, (_, index) => `r${index}`);
      await fold(
        table,
        names.map((name) => create(name, { total: 1 })),
        1,
      );
      const state = { isOver: false };
      const backup = table.backup(folder).finally(() => (state.isOver = true));
      let position = 1;
      while (!state.isOver) {
        position++;
        await fold(
          table,
          names.map((name) => update(name, { total: position })),
          position,
        );
        await new Promise((turn) => setImmediate(turn));
      }
      const { progress, checksum } = await backup;
      const restored = await table.restore(folder, checksum, "");
      same(await restored.progress(), progress);
      const rows = await restored.rows.find(all);
      same([...new Set(rows.map(({ total }) => total))], [progress.position]);
      assert.equal(rows.length, names.length);
      same(await table.live().progress(), at(position));
    }),

  "is of the generation that was live when it began, even if another replaces it meanwhile": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      const names = Array.from({ length: 5000 }, (_, index) => `r${index}`);
      await fold(
        table,
        names.map((name) => create(name, { name })),
        10,
      );
      const before = await committed(table);
      const backup = table.backup(folder);
      await table.switchTo(await table.build(fieldsOf(nameAndTotal)));
      const { checksum, rows } = await backup;
      assert.equal(rows, 5002);
      same(await committed(table), {});
      await table.switchTo(await table.restore(folder, checksum, ""));
      same(await committed(table), before);
    }),

  "can be restored into another place": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      const { checksum } = await table.backup(folder);
      const other = await fixture.open();
      const restored = await other.restore(folder, checksum, "");
      await other.switchTo(restored);
      same(await committed(other), await committed(table));
    }),

  "is refused if a byte of its files was changed, added or removed, or a file is missing": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      const { checksum } = await table.backup(folder);
      const before = await committed(table);
      const number = table.live().number;
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        const bytes = await readFile(file);
        const flipped = Buffer.from(bytes);
        const middle = flipped.length >> 1;
        flipped[middle] = flipped[middle]! ^ 1;
        for (const damaged of [flipped, bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(1)])]) {
          await writeFile(file, damaged);
          await refusedAs("SNAPSHOT_DAMAGED", () => table.restore(folder, checksum, ""));
        }
        await rm(file);
        await refusedAs("SNAPSHOT_DAMAGED", () => table.restore(folder, checksum, ""));
        await writeFile(file, bytes);
      }
      same(await committed(table), before);
      assert.equal(table.live().number, number);
      await table.switchTo(await table.restore(folder, checksum, ""));
      same(await committed(table), before);
    }),

  "that was restored and dropped no longer exists, and can be restored again": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      const { checksum } = await table.backup(folder);
      const [first, second] = [await table.restore(folder, checksum, ""), await table.restore(folder, checksum, "")];
      await table.drop(first);
      await table.switchTo(second);
      same(await committed(table), { 1: { name: "ä😀", city: "Oslo" }, 2: { total: 7 } });
    }),
};

/** The origin of a generation. */
export const origins: TableCases = {
  "can be given another definition, which the next start and backups contain": async (fixture) =>
    inFolder(async (folder) => {
      const table = await filled(fixture);
      await table.live().redefine("another");
      const { requestId } = origin;
      same(table.live().origin, { definition: "another", requestId });
      same((await table.backup(folder)).origin, { definition: "another", requestId });
      same(await committed(table), { 1: { name: "ä😀", city: "Oslo" }, 2: { total: 7 } });
    }),

  "is stored for the first generation and for built ones, and is empty by default": async (fixture) => {
    const named = await fixture.port();
    await named.open(fieldsOf(nameAndTotal), origin);
    same(named.live().origin, origin);
    const table = await fixture.open();
    same(table.live().origin, { definition: "", requestId: "" });
    await table.switchTo(await table.build(fieldsOf(nameAndTotal), origin));
    same(table.live().origin, origin);
    same((await table.build(fieldsOf(nameAndTotal))).origin, { definition: "", requestId: "" });
  },
};
