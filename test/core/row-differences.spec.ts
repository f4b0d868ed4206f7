import { parseFields, type Row } from "../../core/rows/fields.ts";
import { parseQuery, queryFieldsOf } from "../../core/query/query.ts";
import type { Generation } from "../../core/table/read-table.ts";
import { unequalRows, type UnequalRow } from "../../mixins/aggregate/past/row-differences.ts";
import { places } from "../property/places.ts";
import { cleanUp } from "../support/broker.ts";

afterEach(cleanUp);

const fields = parseFields("table", { n: "integer", source: "object" });

describe.each(places)("The rows that two tables of %s do not have in common", (_, newPlace) => {
  let close = async () => {};
  let open: (rows: Row[]) => Promise<Generation>;

  beforeEach(async () => {
    const table = newPlace().readTable!("table");
    await table.open(fields);
    close = () => table.close();
    open = async (rows) => {
      const generation = await table.build(fields);
      const batch = await generation.begin();
      await batch.apply(rows.map(({ id, ...values }) => ({ operation: "create" as const, id, values })));
      await batch.commit({ position: 1, positionId: "1", folded: 1, reordered: false, log: "log" });
      return generation;
    };
  });
  afterEach(() => close());

  async function differences(before: Row[], after: Row[], query: object | null = null): Promise<UnequalRow[]> {
    const parsed = parseQuery(queryFieldsOf(fields), { query });
    const side = async (rows: Row[]) => ({ rows: (await open(rows)).rows, query: parsed });
    const found: UnequalRow[] = [];
    for await (const row of unequalRows(await side(before), await side(after), async () => {})) found.push(row);
    return found;
  }

  const row = (id: string, n: number | null = null, source: object | null = null): Row => ({ id, n, source });

  it("are none of two equal tables, nor of two empty ones", async () => {
    const rows = [row("b", 1, { a: 1, b: [2] }), row("a"), row("é", 0)];
    expect(await differences(rows, rows)).toEqual([]);
    expect(await differences([], [])).toEqual([]);
  });

  it("are those that are only in one, and those whose values differ, in the order of their ids", async () => {
    const before = [row("a", 1), row("b", 2), row("d", 4), row("z", 9)];
    const after = [row("b", 3), row("c", 5), row("d", 4), row("zz", 9)];
    expect(await differences(before, after)).toEqual([
      { id: "a", before: row("a", 1), after: null },
      { id: "b", before: row("b", 2), after: row("b", 3) },
      { id: "c", before: null, after: row("c", 5) },
      { id: "z", before: row("z", 9), after: null },
      { id: "zz", before: null, after: row("zz", 9) },
    ]);
    expect(await differences([], [row("a")])).toEqual([{ id: "a", before: null, after: row("a") }]);
    expect(await differences([row("a")], [])).toEqual([{ id: "a", before: row("a"), after: null }]);
  });

  it("are found by ids whose order in UTF-16 is another", async () => {
    const ids = ["\u{1f600}", "\uffee", "a", "\u00e9"];
    const before = ids.map((id) => row(id, 1));
    expect(await differences(before, [...before.slice(1), row("\u{1f600}", 2)])).toEqual([
      { id: "\u{1f600}", before: row("\u{1f600}", 1), after: row("\u{1f600}", 2) },
    ]);
  });

  it("are found over many pages", async () => {
    const rows = Array.from({ length: 4500 }, (_, n) => row(String(n).padStart(5, "0"), n));
    const other = rows.map((one, n) => (n % 1000 === 999 ? { ...one, n: -1 } : one));
    expect((await differences(rows, other)).map(({ id }) => id)).toEqual(["00999", "01999", "02999", "03999"]);
    expect(await differences(rows, [])).toHaveLength(4500);
  });

  it("with a query are those that it selects in either table, as they are in both", async () => {
    const before = [row("a", 1), row("b", 5), row("c", 1), row("d", 1), row("e", 5)];
    const after = [row("a", 5), row("b", 1), row("c", 2), row("f", 5), row("g", 1)];
    expect(await differences(before, after, { n: { $gte: 5 } })).toEqual([
      { id: "a", before: row("a", 1), after: row("a", 5) },
      { id: "b", before: row("b", 5), after: row("b", 1) },
      { id: "e", before: row("e", 5), after: null },
      { id: "f", before: null, after: row("f", 5) },
    ]);
  });
});
