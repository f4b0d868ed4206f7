import { readdirSync, renameSync, copyFileSync, rmSync } from "node:fs";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields, type FieldsInput } from "../../core/fields.ts";
import type { ParkedEvent, Progress, RowChange, Rows } from "../../core/read-table.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";

const everything = { where: null, sort: [], limit: null, offset: 0, search: null };
const input: FieldsInput = { name: "string", total: "integer" };
const strictInput: FieldsInput = {
  iban: { type: "string", unique: true },
  owner: { type: "string", required: true },
  total: "integer",
};

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

const create = (id: string, values: Record<string, unknown> = {}): RowChange => ({ operation: "create", id, values });
const update = (id: string, values: Record<string, unknown> = {}): RowChange => ({ operation: "update", id, values });
const remove = (id: string): RowChange => ({ operation: "remove", id });
const at = (position: number, more: Partial<Progress> = {}): Progress => ({
  position,
  folded: position,
  positionId: null,
  reordered: false,
  log: "log-1",
  ...more,
});

/** The rows without their nulls, by id. */
const seen = async (rows: Rows) =>
  Object.fromEntries(
    (await rows.find(everything)).map(({ id, ...values }) => [
      id,
      Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
    ]),
  );
const committed = () => seen(table.live().rows);
const files = () => readdirSync(folder).toSorted();

function fold(changes: RowChange[], position = 1): void {
  const batch = table.live().begin();
  batch.apply(changes);
  batch.commit(at(position));
}

const parked = (id: string, position: number, more: Partial<ParkedEvent> = {}): ParkedEvent => ({
  id,
  type: "thing.created",
  stream: "thing-1",
  version: position,
  position,
  error: { name: "Error", message: "x", code: 422, type: "INVALID_ROW" },
  attempts: 3,
  time: "2024-01-01T00:00:00.000Z",
  ...more,
});

describe("A batch", () => {
  it("shows its own changes to itself at once, and to everybody else when it is committed", async () => {
    fold([create("1", { name: "old" }), create("2", { name: "two" })]);
    const batch = table.live().begin();
    batch.apply([update("1", { name: "new" })]);
    batch.apply([remove("2"), create("3", { total: 3 })]);
    const after = { 1: { name: "new" }, 3: { total: 3 } };
    expect(await seen(batch.rows)).toEqual(after);
    expect(batch.rows.count(everything)).toBe(2);
    expect(batch.rows.findByIds(["3", "2"])).toEqual([{ id: "3", name: null, total: 3 }]);
    expect(await committed()).toEqual({ 1: { name: "old" }, 2: { name: "two" } });
    expect(table.live().rows.count(everything)).toBe(2);
    expect(table.live().rows.findByIds(["3", "2"])).toEqual([{ id: "2", name: "two", total: null }]);
    batch.commit(at(2));
    expect(await committed()).toEqual(after);
  });

  it("commits its rows and the checkpoint together, and keeps both when the table is opened again", async () => {
    expect(table.live().progress()).toEqual({ position: 0, folded: 0, positionId: null, reordered: false, log: null });
    const batch = table.live().begin();
    batch.apply([create("1")]);
    expect(table.live().progress().position).toBe(0);
    const progress = at(7, { folded: 5, positionId: null, reordered: true });
    batch.commit(progress);
    expect(table.live().progress()).toEqual(progress);
    await reopen();
    expect(table.live().progress()).toEqual(progress);
    expect(await committed()).toEqual({ 1: {} });
  });

  it("may commit a checkpoint alone", () => {
    table.live().begin().commit(at(3));
    expect(table.live().progress()).toEqual(at(3));
  });

  it("leaves nothing when it is rolled back, and the next one starts afresh", async () => {
    fold([create("1", { name: "old" })]);
    const batch = table.live().begin();
    batch.apply([update("1", { name: "new" }), create("2")]);
    batch.park(parked("e1", 2));
    batch.rollback();
    batch.rollback();
    expect(await committed()).toEqual({ 1: { name: "old" } });
    expect(table.live().progress()).toEqual(at(1));
    expect(table.live().parked()).toEqual([]);
    fold([create("2")], 2);
    expect(await committed()).toEqual({ 1: { name: "old" }, 2: {} });
  });

  it("leaves nothing when the table is closed before it is committed", async () => {
    table
      .live()
      .begin()
      .apply([create("1")]);
    await reopen();
    expect(await committed()).toEqual({});
    expect(table.live().progress().position).toBe(0);
  });

  it("that has ended takes no more changes", async () => {
    const batch = table.live().begin();
    batch.commit(at(1));
    for (const call of [
      () => batch.apply([create("1")]),
      () => batch.apply([create("1"), create("2")]),
      () => batch.mark(),
      () => batch.park(parked("e1", 1)),
      () => batch.unpark("e1"),
      () => batch.commit(at(9)),
    ])
      expect(await refusal(call)).toMatchObject({ code: 503, type: "STORE_UNAVAILABLE", retryable: true });
    expect(await committed()).toEqual({});
    expect(table.live().progress().position).toBe(1);
  });

  it("applies all of some changes or, if one is refused, none of them, and what it applied before stays", async () => {
    fold([create("taken")]);
    const batch = table.live().begin();
    batch.apply([create("before")]);
    const error = await refusal(() =>
      batch.apply([create("1"), remove("before"), update("2"), create("taken"), create("3")]),
    );
    expect(error).toMatchObject({ type: "DUPLICATE_ROW" });
    expect(Object.keys(await seen(batch.rows))).toEqual(["before", "taken"]);
    batch.apply([create("1"), create("3")]);
    batch.apply([]);
    batch.commit(at(2));
    expect(Object.keys(await committed())).toEqual(["1", "3", "before", "taken"]);
  });

  it("goes back to its last mark, any number of times", async () => {
    const batch = table.live().begin();
    batch.mark();
    batch.apply([create("1")]);
    batch.mark();
    batch.apply([create("2"), update("1", { name: "x" })]);
    batch.park(parked("e1", 1));
    batch.undo();
    expect(await seen(batch.rows)).toEqual({ 1: {} });
    batch.apply([create("2", { total: 2 })]);
    batch.undo();
    expect(await seen(batch.rows)).toEqual({ 1: {} });
    batch.apply([create("3")]);
    batch.mark();
    batch.apply([create("4")]);
    batch.undo();
    batch.commit(at(1));
    expect(await committed()).toEqual({ 1: {}, 3: {} });
    expect(table.live().parked()).toEqual([]);
  });

  it("does not know the mark of the batch before it", async () => {
    const first = table.live().begin();
    first.mark();
    first.commit(at(1));
    const second = table.live().begin();
    second.apply([create("1")]);
    second.mark();
    second.apply([create("2")]);
    second.undo();
    second.commit(at(2));
    expect(await committed()).toEqual({ 1: {} });
  });

  it("takes back to its mark what was applied in part before a refusal", async () => {
    fold([create("taken")]);
    const batch = table.live().begin();
    batch.mark();
    batch.apply([create("1"), create("2")]);
    await refusal(() => batch.apply([create("taken")]));
    batch.undo();
    batch.commit(at(2));
    expect(await committed()).toEqual({ taken: {} });
  });
});

describe("A change", () => {
  it.each<[string, RowChange[], object]>([
    ["creates", [create("1", { name: "x" })], { 1: { name: "x" } }],
    ["creates without a value", [create("1")], { 1: {} }],
    [
      "updates the given fields and keeps the others",
      [create("1", { name: "x", total: 1 }), update("1", { total: 2 })],
      { 1: { name: "x", total: 2 } },
    ],
    [
      "updates a field to null",
      [create("1", { name: "x", total: 1 }), update("1", { name: null })],
      { 1: { total: 1 } },
    ],
    ["updates nothing", [create("1", { name: "x" }), update("1")], { 1: { name: "x" } }],
    [
      "creates by an update where there is no row",
      [update("1", { total: 2 }), update("2")],
      { 1: { total: 2 }, 2: {} },
    ],
    ["removes", [create("1"), create("2"), remove("1")], { 2: {} }],
    ["removes what is not there", [remove("1")], {}],
    [
      "creates again after a removal, without the old values",
      [create("1", { name: "x", total: 1 }), remove("1"), create("1", { total: 2 })],
      { 1: { total: 2 } },
    ],
    ["tells ids apart by letter case", [create("a"), create("A"), remove("a")], { A: {} }],
  ])("%s", async (_, changes, rows) => {
    fold(changes);
    expect(await committed()).toEqual(rows);
    await reopen();
    expect(await committed()).toEqual(rows);
  });

  it("is the same applied one by one, in one batch or in one go", async () => {
    const changes = [
      create("1", { name: "x" }),
      update("1", { total: 1 }),
      update("2", { total: 2 }),
      remove("2"),
      update("2"),
      create("3"),
    ];
    fold(changes);
    const inOneGo = await committed();
    for (const [index, each] of [false, true].entries()) {
      const other = await openTable(input, `other-${index}.db`);
      let batch = other.live().begin();
      for (const change of changes) {
        batch.apply([change]);
        if (!each) continue;
        batch.commit(at(1));
        batch = other.live().begin();
      }
      batch.commit(at(1));
      expect(await seen(other.live().rows)).toEqual(inOneGo);
    }
  });

  describe("of a table with required and unique fields", () => {
    beforeEach(async () => {
      table = await openTable(strictInput, "strict.db");
      fold([create("1", { iban: "NZ1", owner: "ann", total: 1 })]);
    });

    /** Applied alone and among others, since these are two ways in. */
    async function refusedWith(change: RowChange): Promise<Error & { data?: unknown }> {
      const before = await committed();
      const batch = table.live().begin();
      const error = await refusal(() => batch.apply([change]));
      expect(await refusal(() => batch.apply([create("other", { owner: "x" }), change]))).toMatchObject({
        message: error.message,
        data: error.data,
      });
      batch.commit(at(2));
      expect(await committed()).toEqual(before);
      return error;
    }

    it.each<[string, RowChange, string, unknown]>([
      ["its id", create("1", { owner: "bob" }), "id", "1"],
      ["a unique value", create("2", { iban: "NZ1", owner: "bob" }), "iban", "NZ1"],
      ["a unique value, by an update that creates", update("2", { iban: "NZ1", owner: "bob" }), "iban", "NZ1"],
    ])("is refused where another row has %s", async (_, change, field, found) => {
      const error = await refusedWith(change);
      expect(error).toMatchObject({
        name: "DuplicateRowError",
        code: 409,
        type: "DUPLICATE_ROW",
        retryable: false,
        data: { field, found },
        message: `${field}: a row with "${String(found)}" exists already`,
      });
    });

    it("is refused where an update would give a row another's unique value", async () => {
      fold([create("2", { iban: "NZ2", owner: "bob" })], 2);
      expect(await refusedWith(update("2", { iban: "NZ1" }))).toMatchObject({ data: { field: "iban", found: "NZ1" } });
      expect(await refusedWith(update("2", { iban: "NZ1", owner: "x" }))).toMatchObject({ data: { field: "iban" } });
    });

    it.each<[string, RowChange]>([
      ["created without it", create("2", { iban: "NZ2" })],
      ["created with null", create("2", { owner: null })],
      ["created by an update without it", update("2", { total: 2 })],
      ["created by an update of nothing", update("2")],
    ])("is refused where a required field is missing from a row %s", async (_, change) => {
      expect(await refusedWith(change)).toMatchObject({
        name: "InvalidRowError",
        code: 422,
        type: "INVALID_ROW",
        data: [{ field: "owner", expected: "a value (string): the field is required" }],
      });
    });

    it("may leave a required field out of an update, and repeat a row's own unique value", async () => {
      fold(
        [
          update("1", { total: 2 }),
          update("1", { iban: "NZ1", owner: "bob" }),
          update("1", { iban: "NZ1" }),
          update("1"),
        ],
        2,
      );
      expect(await committed()).toEqual({ 1: { iban: "NZ1", owner: "bob", total: 2 } });
    });

    it("may leave a unique field empty in any number of rows", async () => {
      fold(
        [create("2", { owner: "x" }), create("3", { owner: "x", iban: null }), create("4", { owner: "x", iban: "" })],
        2,
      );
      expect(Object.keys(await committed())).toEqual(["1", "2", "3", "4"]);
    });

    it("frees a unique value by a removal or an update before it", async () => {
      fold(
        [
          remove("1"),
          create("2", { iban: "NZ1", owner: "x" }),
          update("2", { iban: "NZ2" }),
          create("3", { iban: "NZ1", owner: "x" }),
        ],
        2,
      );
      expect(await committed()).toEqual({ 2: { iban: "NZ2", owner: "x" }, 3: { iban: "NZ1", owner: "x" } });
    });
  });

  it("is refused for a missing required field whatever the field's name", async () => {
    table = await openTable(
      { constructor: { type: "string", required: true }, team: "string" } as FieldsInput,
      "f1.db",
    );
    const batch = table.live().begin();
    expect(await refusal(() => batch.apply([create("1", { team: "x" })]))).toMatchObject({ type: "INVALID_ROW" });
    expect(await refusal(() => batch.apply([update("1", { team: "x" })]))).toMatchObject({ type: "INVALID_ROW" });
    batch.rollback();
  });
});

describe("A parked event", () => {
  it("is listed in the order of positions, until it is taken out", async () => {
    const first = parked("e1", 3);
    const second = parked("e2", 12, { error: null });
    const batch = table.live().begin();
    batch.park(second);
    batch.park(first);
    expect(table.live().parked()).toEqual([]);
    batch.commit(at(12));
    expect(table.live().parked()).toEqual([first, second]);

    const again = { ...first, attempts: 4 };
    const next = table.live().begin();
    next.park(again);
    next.unpark("e2");
    next.unpark("unknown");
    next.commit(at(12));
    await reopen();
    expect(table.live().parked()).toEqual([again]);
  });

  it("stays parked where its batch takes it back", () => {
    const first = table.live().begin();
    first.park(parked("e1", 1));
    first.commit(at(1));
    const second = table.live().begin();
    second.mark();
    second.unpark("e1");
    second.undo();
    second.commit(at(2));
    expect(table.live().parked()).toMatchObject([{ id: "e1" }]);
  });
});

describe("A generation", () => {
  const wider: FieldsInput = { name: "string", total: "integer", city: "string" };

  it("is built beside the live one and seen by nobody before the switch", async () => {
    fold([create("1", { name: "old" })], 5);
    const next = await table.build(parseFields("table", wider));
    expect(next.number).toBe(2);
    expect([...next.fields.keys()]).toEqual(["name", "total", "city"]);
    expect(next.progress()).toEqual({ position: 0, folded: 0, positionId: null, reordered: false, log: null });
    const batch = next.begin();
    batch.apply([create("1", { name: "new", city: "Oslo" })]);
    batch.commit(at(9));

    const old = table.live();
    expect(await committed()).toEqual({ 1: { name: "old" } });
    fold([create("2")], 6);
    await table.switchTo(next);
    expect(table.live()).toBe(next);
    expect(table.live()).not.toBe(old);
    expect(await committed()).toEqual({ 1: { name: "new", city: "Oslo" } });
    expect(table.live().progress()).toEqual(at(9));
    fold([create("3")], 10);
    expect(files().filter((file) => file.endsWith(".db"))).toEqual(["table.2.db", "table.db"]);

    await reopen();
    expect(table.live().number).toBe(2);
    expect([...table.live().fields.keys()]).toEqual(["name", "total", "city"]);
    expect(await committed()).toEqual({ 1: { name: "new", city: "Oslo" }, 3: {} });
  });

  it("that is live writes its own batch while another is built", async () => {
    const next = await table.build(parseFields("table", input));
    const ours = table.live().begin();
    const theirs = next.begin();
    ours.apply([create("1")]);
    theirs.apply([create("2")]);
    theirs.commit(at(1));
    ours.commit(at(2));
    expect(await committed()).toEqual({ 1: {} });
    expect(await seen(next.rows)).toEqual({ 2: {} });
  });

  it("that was dropped leaves no file, and dropping the live one changes nothing", async () => {
    fold([create("1")]);
    const [second, third] = [
      await table.build(parseFields("table", input)),
      await table.build(parseFields("table", input)),
    ];
    expect([second.number, third.number]).toEqual([2, 3]);
    await table.drop(second);
    await table.drop(second);
    await table.drop(table.live());
    expect(files().filter((file) => file.startsWith("table.2"))).toEqual([]);
    expect(await committed()).toEqual({ 1: {} });
    await table.switchTo(third);
    expect(await committed()).toEqual({});
    expect((await table.build(parseFields("table", input))).number).toBe(4);
  });

  it("that was not finished is gone when the table is opened again", async () => {
    fold([create("1")]);
    const next = await table.build(parseFields("table", input));
    next.begin().commit(at(5));
    await reopen();
    expect(files().filter((file) => /\.\d+\.db/.test(file) && !file.startsWith("table.1.db"))).toEqual([]);
    expect(table.live().number).toBe(1);
    expect(await committed()).toEqual({ 1: {} });
  });

  it("that was left behind by a crash after the switch is gone when the table is opened again", async () => {
    fold([create("1", { name: "old" })]);
    const next = await table.build(parseFields("table", input));
    for (const suffix of ["", "-wal"]) copyFileSync(`${folder}/table.1.db${suffix}`, `${folder}/kept${suffix}`);
    await table.switchTo(next);
    await table.close();
    for (const suffix of ["", "-wal"]) renameSync(`${folder}/kept${suffix}`, `${folder}/table.1.db${suffix}`);
    await reopen();
    expect(table.live().number).toBe(2);
    expect(await committed()).toEqual({});
    expect(files().filter((file) => file.startsWith("table.1"))).toEqual([]);
  });

  it("keeps the fields that it was built with, whatever the table is opened with", async () => {
    fold([create("1", { name: "x" })], 4);
    await reopen(wider);
    expect([...table.live().fields]).toEqual([...parseFields("table", input)]);
    expect(table.live().progress()).toEqual(at(4));
  });

  it("takes nothing from tables of nearly the same name", async () => {
    const others = [
      await openTable(input, "table.extra.db"),
      await openTable(input, "table2.db"),
      await openTable(input, "my.table.db"),
    ];
    for (const other of others) {
      const batch = other.live().begin();
      batch.apply([create("theirs")]);
      batch.commit(at(1));
    }
    await table.switchTo(await table.build(parseFields("table", input)));
    await reopen();
    for (const other of others) expect(await seen(other.live().rows)).toEqual({ theirs: {} });
    expect(files()).toEqual(expect.arrayContaining(["table.extra.1.db", "table2.1.db", "my.table.1.db"]));
  });
});

describe("A table's files", () => {
  it("may be deleted by hand to have everything folded again", async () => {
    fold([create("1")], 5);
    await table.close();
    rmSync(`${folder}/table.1.db`);
    table = await openTable({ total: "integer" });
    expect(await committed()).toEqual({});
    expect(table.live().progress()).toEqual({ position: 0, folded: 0, positionId: null, reordered: false, log: null });
    expect([...table.live().fields.keys()]).toEqual(["total"]);
    fold([create("2")], 1);
    await reopen();
    expect(await committed()).toEqual({ 2: {} });
  });

  it("may all be deleted by hand", async () => {
    fold([create("1")], 5);
    await table.close();
    for (const file of files()) rmSync(`${folder}/${file}`);
    table = await openTable();
    expect(await committed()).toEqual({});
    expect(table.live().progress().position).toBe(0);
  });

  it.each([1, 2])(
    "are folded again where only the one that says that generation %p is live was deleted",
    async (live) => {
      fold([create("1")], 5);
      for (let number = 2; number <= live; number++) {
        await table.switchTo(await table.build(parseFields("table", input)));
        fold([create("1")], 5);
      }
      await table.close();
      rmSync(`${folder}/table.db`);
      table = await openTable();
      expect(table.live().progress().position).toBe(0);
      expect(await committed()).toEqual({});
      expect(files().filter((file) => file.endsWith(".db"))).toEqual(["table.1.db", "table.db"]);
    },
  );

  it("leave nothing open when the table is closed, and nothing answers then", async () => {
    await table.build(parseFields("table", input));
    const batch = table.live().begin();
    await table.close();
    expect(files()).toEqual(["table.1.db", "table.2.db", "table.db"]);
    expect(await refusal(() => table.live())).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(await refusal(() => table.build(parseFields("table", input)))).toMatchObject({ type: "STORE_UNAVAILABLE" });
    await refusal(() => batch.apply([create("1")]));
    await table.close();
  });

  it("stay as they are when the table is opened twice", async () => {
    fold([create("1")]);
    const live = table.live();
    await table.open(parseFields("table", input));
    expect(table.live()).toBe(live);
  });
});
