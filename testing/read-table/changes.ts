import type { FieldsInput } from "../../core/rows/fields.ts";
import type { ReadTable } from "../../core/table/read-table.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { at, committed, create, fold, remove, seen, update, type TableCases } from "./table-fixture.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

const table: [does: string, changes: RowChange[], rows: Record<string, object>][] = [
  ["creates", [create("1", { name: "x" })], { 1: { name: "x" } }],
  ["creates without a value", [create("1")], { 1: {} }],
  [
    "updates the given fields and keeps the others",
    [create("1", { name: "x", total: 1 }), update("1", { total: 2 })],
    { 1: { name: "x", total: 2 } },
  ],
  ["updates a field to null", [create("1", { name: "x", total: 1 }), update("1", { name: null })], { 1: { total: 1 } }],
  ["updates nothing", [create("1", { name: "x" }), update("1")], { 1: { name: "x" } }],
  ["creates by an update where there is no row", [update("1", { total: 2 }), update("2")], { 1: { total: 2 }, 2: {} }],
  ["removes", [create("1"), create("2"), remove("1")], { 2: {} }],
  ["removes what is not there", [remove("1")], {}],
  [
    "creates again after a removal, without the old values",
    [create("1", { name: "x", total: 1 }), remove("1"), create("1", { total: 2 })],
    { 1: { total: 2 } },
  ],
  ["tells ids apart by letter case", [create("a"), create("A"), remove("a")], { A: {} }],
];

const eachOfThem = Object.fromEntries(
  table.map(([does, changes, rows]) => [
    does,
    async (fixture) => {
      const inOneGo = await fixture.open();
      await fold(inOneGo, changes);
      const oneByOne = await fixture.open();
      for (const [index, change] of changes.entries()) await fold(oneByOne, [change], index + 1);
      const inOneBatch = await fixture.open();
      const batch = await inOneBatch.live().begin();
      for (const change of changes) await batch.apply([change]);
      await batch.commit(at(1));
      for (const one of [inOneGo, oneByOne, inOneBatch]) same(await committed(one), rows);
    },
  ]),
) satisfies TableCases;

const strict: FieldsInput = {
  iban: { type: "string", unique: true },
  owner: { type: "string", required: true },
  total: "integer",
};
const first = create("1", { iban: "NZ1", owner: "ann", total: 1 });

/** Applied alone and with other changes, since an engine may have separate code for each. */
async function refused(table: ReadTable, type: string, change: RowChange): Promise<unknown> {
  const before = await committed(table);
  const batch = await table.live().begin();
  const { code, retryable, data } = await refusedAs(type, () => batch.apply([change]));
  same({ code, retryable }, { code: type === "INVALID_ROW" ? 500 : 409, retryable: false });
  const among = await refusedAs(type, () => batch.apply([create("other", { owner: "x" }), change]));
  same(among.data, data);
  same(await seen(batch.rows), before);
  await batch.commit(at(2));
  same(await committed(table), before);
  return data;
}

/** Changes that a batch refuses or accepts. */
export const changes: TableCases = {
  ...eachOfThem,

  "is refused if another row has its id": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [first]);
    const data = await refused(table, "DUPLICATE_ROW", create("1", { owner: "bob" }));
    same(data, { field: "id", actual: "1" });
  },

  "is refused if another row has its value of a unique field": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [first, create("3", { iban: "NZ3", owner: "bob" })]);
    for (const change of [
      create("2", { iban: "NZ1", owner: "bob" }),
      update("2", { iban: "NZ1", owner: "bob" }),
      update("3", { iban: "NZ1" }),
      update("3", { iban: "NZ1", owner: "x" }),
    ])
      same(await refused(table, "DUPLICATE_ROW", change), { field: "iban", actual: "NZ1" });
  },

  "is refused if an index of numbers, booleans or dates is unique, too": async (fixture) => {
    const unique = true;
    const values = { n: 19.99, i: 2 ** 53 - 1, b: false, d: "2024-01-01T00:00:00.000Z" };
    const table = await fixture.open({
      n: { type: "number", unique },
      i: { type: "integer", unique },
      b: { type: "boolean", unique },
      d: { type: "date", unique },
    });
    await fold(table, [create("1", values), create("2"), create("3")]);
    for (const [field, found] of Object.entries(values)) {
      const batch = await table.live().begin();
      const { data } = await refusedAs("DUPLICATE_ROW", () => batch.apply([create("4", { [field]: found })]));
      same(data, { field, actual: found });
      await batch.rollback();
    }
  },

  "is refused if a required field is missing from a new row": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [first]);
    for (const change of [
      create("2", { iban: "NZ2" }),
      create("2", { owner: null }),
      update("2", { total: 2 }),
      update("2"),
    ]) {
      const [problem] = (await refused(table, "INVALID_ROW", change)) as { field: string; expected: string }[];
      same([problem!.field, problem!.expected], ["owner", "a value (string): the field is required"]);
    }
  },

  "is refused for a missing required field whatever the field's name": async (fixture) => {
    const table = await fixture.open({
      constructor: { type: "string", required: true },
      team: "string",
    } as FieldsInput);
    const batch = await table.live().begin();
    await refusedAs("INVALID_ROW", () => batch.apply([create("1", { team: "x" })]));
    await refusedAs("INVALID_ROW", () => batch.apply([update("1", { team: "x" })]));
    await batch.rollback();
  },

  "may omit a required field in an update, and repeat a row's own unique value": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [
      first,
      update("1", { total: 2 }),
      update("1", { iban: "NZ1", owner: "bob" }),
      update("1", { iban: "NZ1" }),
      update("1"),
    ]);
    same(await committed(table), { 1: { iban: "NZ1", owner: "bob", total: 2 } });
  },

  "may leave a unique field empty in any number of rows": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [
      first,
      create("2", { owner: "x" }),
      create("3", { owner: "x", iban: null }),
      create("4", { owner: "x", iban: "" }),
    ]);
    same(Object.keys(await committed(table)), ["1", "2", "3", "4"]);
  },

  "frees a unique value by a removal or an update before it": async (fixture) => {
    const table = await fixture.open(strict);
    await fold(table, [
      first,
      remove("1"),
      create("2", { iban: "NZ1", owner: "x" }),
      update("2", { iban: "NZ2" }),
      create("3", { iban: "NZ1", owner: "x" }),
    ]);
    same(await committed(table), { 2: { iban: "NZ2", owner: "x" }, 3: { iban: "NZ1", owner: "x" } });
  },
};
