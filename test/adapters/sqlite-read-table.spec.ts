import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields, type FieldsInput } from "../../core/rows/fields.ts";
import { at, create, nowhere, seen } from "../../testing/read-table/table-fixture.ts";
import { appended, appendTo } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

const input: FieldsInput = { name: "string", total: "integer" };

const tables: SqliteReadTable[] = [];
let folder: string;
let table: SqliteReadTable;

async function openTable(fields = input, name = "table.db"): Promise<SqliteReadTable> {
  const opened = new SqliteReadTable(`${folder}/${name}`);
  tables.push(opened);
  await opened.open(parseFields("table", fields));
  return opened;
}

async function reopen(fields = input): Promise<void> {
  await table.close();
  table = await openTable(fields);
}

beforeEach(async () => {
  folder = newFolder();
  table = await openTable();
});

afterEach(async () => {
  for (const opened of tables.splice(0)) await opened.close();
  await cleanUp();
});

const committed = () => seen(table.live().rows);
const files = () => readdirSync(`${folder}/table`).toSorted();

async function fold(changes: RowChange[], position = 1): Promise<void> {
  const batch = await table.live().begin();
  batch.apply(changes);
  batch.commit(at(position));
}

describe("A generation", () => {
  const wider: FieldsInput = { name: "string", total: "integer", city: "string" };

  it("is a file of its own, beside the live one until the switch", async () => {
    await fold([create("1", { name: "old" })], 5);
    const next = await table.build(parseFields("table", wider));
    expect(next.number).toBe(2);
    expect([...next.fields.keys()]).toEqual(["name", "total", "city"]);
    expect(next.progress()).toEqual(nowhere);
    const batch = await next.begin();
    batch.apply([create("1", { name: "new", city: "Oslo" })]);
    batch.commit(at(9));

    const old = table.live();
    expect(await committed()).toEqual({ 1: { name: "old" } });
    await fold([create("2")], 6);
    await table.switchTo(next);
    expect(table.live()).toBe(next);
    expect(table.live()).not.toBe(old);
    expect(await committed()).toEqual({ 1: { name: "new", city: "Oslo" } });
    expect(table.live().progress()).toEqual(at(9));
    await fold([create("3")], 10);
    expect(files().filter((file) => file.endsWith(".db"))).toEqual(["2.db", "live.db"]);

    await reopen();
    expect(table.live().number).toBe(2);
    expect([...table.live().fields.keys()]).toEqual(["name", "total", "city"]);
    expect(await committed()).toEqual({ 1: { name: "new", city: "Oslo" }, 3: {} });
  });

  it("that was dropped leaves no file, and dropping the live one changes nothing", async () => {
    await fold([create("1")]);
    const [second, third] = [
      await table.build(parseFields("table", input)),
      await table.build(parseFields("table", input)),
    ];
    expect([second.number, third.number]).toEqual([2, 3]);
    await table.drop(second);
    await table.drop(second);
    await table.drop(table.live());
    expect(files().filter((file) => file.startsWith("2."))).toEqual([]);
    expect(await committed()).toEqual({ 1: {} });
    await table.switchTo(third);
    expect(await committed()).toEqual({});
    expect((await table.build(parseFields("table", input))).number).toBe(4);
  });

  it("that was not finished is gone when the table is opened again", async () => {
    await fold([create("1")]);
    const next = await table.build(parseFields("table", input));
    (await next.begin()).commit(at(5));
    await reopen();
    expect(files().filter((file) => /^\d+\.db/.test(file) && !file.startsWith("1.db"))).toEqual([]);
    expect(table.live().number).toBe(1);
    expect(await committed()).toEqual({ 1: {} });
  });

  it("that was left behind by a crash after the switch is gone when the table is opened again", async () => {
    await fold([create("1", { name: "old" })]);
    const next = await table.build(parseFields("table", input));
    for (const suffix of ["", "-wal"]) copyFileSync(`${folder}/table/1.db${suffix}`, `${folder}/kept${suffix}`);
    await table.switchTo(next);
    await table.close();
    for (const suffix of ["", "-wal"]) renameSync(`${folder}/kept${suffix}`, `${folder}/table/1.db${suffix}`);
    await reopen();
    expect(table.live().number).toBe(2);
    expect(await committed()).toEqual({});
    expect(files().filter((file) => file.startsWith("1."))).toEqual([]);
  });

  it("of which a crash has left only the beginning is gone when the table is opened again", async () => {
    await fold(Array.from({ length: 300 }, (_, n) => create(String(n), { name: "x".repeat(50) })));
    const backup = newFolder();
    await table.backup(backup);
    const whole = readFileSync(join(backup, "table.db"));
    for (const length of [0, 100, 512, 4096, 5000, 9000, whole.length - 1]) {
      // As an interrupted copy of the file leaves it.
      writeFileSync(join(folder, "table/2.db"), whole.subarray(0, length));
      await reopen();
      expect([length, files().filter((file) => file.startsWith("2."))]).toEqual([length, []]);
      await table.drop(await table.build(parseFields("table", input)));
    }
  });

  it("takes nothing from tables of nearly the same name", async () => {
    const others = [
      await openTable(input, "table.1.db"),
      await openTable(input, "table.extra.db"),
      await openTable(input, "table2.db"),
      await openTable(input, "my.table.db"),
    ];
    for (const other of others) {
      const batch = await other.live().begin();
      batch.apply([create("theirs")]);
      batch.commit(at(1));
    }
    await table.switchTo(await table.build(parseFields("table", input)));
    await reopen();
    for (const other of others) expect(await seen(other.live().rows)).toEqual({ theirs: {} });
  });

  it("is never that of another table, however the two are called", async () => {
    const names = ["table.db", "table.1", "table.sqlite"];
    const all = [table, await openTable(input, "table.1"), await openTable(input, "table.sqlite")];
    for (const [index, one] of all.entries()) {
      const batch = await one.live().begin();
      batch.apply([create(names[index]!)]);
      batch.commit(at(1));
    }
    for (const one of all) await one.close();
    for (const name of names) expect(await seen((await openTable(input, name)).live().rows)).toEqual({ [name]: {} });
  });

  it("takes nothing from a log whose file is put in its folder, called like one of its own", async () => {
    await table.close();
    for (const number of [2, 7]) {
      const log = new SqliteEventLog(`${folder}/table/${number}.db`);
      await log.open();
      await appended(log, appendTo("stream"));
      await log.close();
    }
    table = await openTable();
    expect(await refusal(() => table.build(parseFields("table", input)))).toMatchObject({ type: "UNUSABLE_STORE" });
    await table.close();
    for (const number of [2, 7]) {
      const log = new SqliteEventLog(`${folder}/table/${number}.db`);
      await log.open();
      expect(await log.head()).toBe(1);
      await log.close();
    }
  });
});

describe("A batch", () => {
  it("keeps some statements and no more, however many sets of fields its rows have", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `field_${index}`);
    table = await openTable(Object.fromEntries(names.map((name) => [name, "integer"])), "wide.db");
    const batch = await table.live().begin();
    const prepare = jest.spyOn(Database.prototype, "prepare");
    const times = (name: string) => prepare.mock.calls.filter(([sql]) => sql.includes(`"${name}"`)).length;
    for (const name of [...names, names.at(-1)!, names[0]!])
      batch.apply([create(`row ${Math.random()}`, { [name]: 1 })]);
    expect([times(names.at(-1)!), times(names[0]!)]).toEqual([1, 2]);
    prepare.mockRestore();
    batch.rollback();
  });
});

describe("A table's files", () => {
  it("may be deleted by hand to have everything folded again", async () => {
    await fold([create("1")], 5);
    await table.close();
    rmSync(`${folder}/table/1.db`);
    table = await openTable({ total: "integer" });
    expect(await committed()).toEqual({});
    expect(table.live().progress()).toEqual(nowhere);
    expect([...table.live().fields.keys()]).toEqual(["total"]);
    await fold([create("2")], 1);
    await reopen();
    expect(await committed()).toEqual({ 2: {} });
  });

  it("may all be deleted by hand", async () => {
    await fold([create("1")], 5);
    await table.close();
    rmSync(`${folder}/table`, { recursive: true });
    table = await openTable();
    expect(await committed()).toEqual({});
    expect((await table.live().progress()).position).toBe(0);
  });

  it.each([1, 2])(
    "are folded again where only the one that says that generation %p is live was deleted",
    async (live) => {
      await fold([create("1")], 5);
      for (let number = 2; number <= live; number++) {
        await table.switchTo(await table.build(parseFields("table", input)));
        await fold([create("1")], 5);
      }
      await table.close();
      rmSync(`${folder}/table/live.db`);
      table = await openTable();
      expect((await table.live().progress()).position).toBe(0);
      expect(await committed()).toEqual({});
      expect(files().filter((file) => file.endsWith(".db"))).toEqual(["1.db", "live.db"]);
    },
  );

  it("leave nothing open when the table is closed, and nothing answers then", async () => {
    await table.build(parseFields("table", input));
    const batch = await table.live().begin();
    await table.close();
    expect(files()).toEqual(["1.db", "2.db", "live.db"]);
    expect(await refusal(() => table.live())).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(await refusal(() => table.build(parseFields("table", input)))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await refusal(() => batch.apply([create("1")]));
    await table.close();
  });

  it("stay as they are when the table is opened twice", async () => {
    await fold([create("1")]);
    const live = table.live();
    await table.open(parseFields("table", input));
    expect(table.live()).toBe(live);
  });
});

describe("A table's backup", () => {
  it.each([1, 10])("of %i MiB comes back whole, and is refused with one other byte", async (mebibytes) => {
    await fold(Array.from({ length: mebibytes }, (_, row) => create(`${row}`, { name: "x".repeat(1024 * 1024) })));
    const place = `${folder}/backup`;
    mkdirSync(place);
    const { checksum, bytes } = await table.backup(place);
    expect(bytes).toBeGreaterThan(mebibytes * 1024 * 1024);
    const restored = await table.restore(place, checksum, "");
    expect(await seen(restored.rows)).toEqual(await committed());
    const file = openSync(`${place}/table.db`, "r+");
    writeSync(file, "y", bytes - 1);
    closeSync(file);
    expect(await refusal(() => table.restore(place, checksum, ""))).toMatchObject({ type: "SNAPSHOT_DAMAGED" });
  });
});
