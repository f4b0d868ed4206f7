import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import type { Rows } from "../../core/table/read-table.ts";
import { areFoundByText, filled, found } from "../../testing/read-table/queried-rows.ts";
import { TableFixture } from "../../testing/read-table/table-fixture.ts";
import { cleanUp, newFolder } from "../support/broker.ts";

let fixture: TableFixture;

beforeEach(() => {
  const folder = newFolder();
  const place = { table: () => new SqliteReadTable(`${folder}/table.db`), remove: async () => {} };
  fixture = new TableFixture(async () => place, place.table().capabilities);
});

afterEach(async () => {
  await fixture.end();
  await cleanUp();
});

const query = (rows: Rows, query: object) => found(rows, { query });

/** Texts that SQLite itself truncates or escapes. */
const odd = ["a\0b", "a", "a\0", "\0", "", "\ud800", "\u001f", "x".repeat(1_000_000)];

describe("A row", () => {
  it("with text that SQLite may cut in every place is found by exactly this text", async () => {
    const texts = odd.filter((text) => text.isWellFormed());
    await expect(areFoundByText(fixture, texts)).resolves.toBeUndefined();
  });

  it("is refused with half a character inside an array, and its place", async () => {
    await expect(filled(fixture, [{ id: "1", tags: odd }])).rejects.toThrow(/tags\.\d+: .*well-formed Unicode/);
  });

  it("is sorted by a path with a NUL in it, or the path is refused", async () => {
    const rows = await filled(fixture, [
      { id: "1", address: { "a\0": 2 } },
      { id: "2", address: { "a\0": 1 } },
    ]);
    const answer = await found(rows, { sort: "address.a\0" }).catch((error: { type?: string }) => error.type);
    expect([["2", "1"], "INVALID_QUERY"]).toContainEqual(answer);
  });
});

describe("A query", () => {
  it("is refused as a whole where it is more than SQLite can take, never by an error of SQLite", async () => {
    const rows = await filled(fixture, [{ id: "ann", name: "Ann" }, { id: "bob" }]);
    let nest: object = { name: "Ann" };
    for (let depth = 0; depth < 600; depth++) nest = { $not: nest };
    let deep: object = { name: "Ann" };
    for (let depth = 0; depth < 90; depth++)
      deep = { $or: [{ $and: [deep, { name: "Ann" }] }, { name: { $gt: "x" } }] };
    expect(await query(rows, deep)).toEqual(["ann"]);
    const alternatives = Array.from({ length: 40_000 }, (_, index) => ({ name: `nobody ${index}` }));
    for (const one of [nest, { $or: [...alternatives, { name: "Ann" }] }])
      expect([["ann"], "INVALID_QUERY"]).toContainEqual(
        await query(rows, one).catch((error: { type?: string }) => error.type),
      );
  });

  it("takes lists of numbers up to the bound, several of them too", async () => {
    const rows = await filled(fixture, [
      { id: "1", count: 7, address: { n: 7, o: { a: 7 } } },
      { id: "2", count: 30_000, address: { n: 30_000, o: { a: -1 } } },
    ]);
    const numbers = Array.from({ length: 12_000 }, (_, index) => index);
    const objects = numbers.slice(0, 5000).map((a) => ({ a }));
    for (const one of [
      { count: { $in: [...numbers, ...numbers] } },
      { $or: [{ count: { $in: numbers } }, { count: { $in: numbers.map((n) => -n - 1) } }] },
      { "address.n": { $in: numbers } },
      { "address.o": { $in: objects } },
      { address: { $in: [{ o: { a: 7 }, n: 7 }, ...objects] } },
    ])
      expect(await query(rows, one)).toEqual(["1"]);
  });

  it("takes as many comparisons with long lists as a query may have", async () => {
    const rows = await filled(fixture, [{ id: "1", address: { n: 3 } }, { id: "2" }]);
    const $and = Array.from({ length: 200 }, (_, index) => ({
      "address.n": { $in: Array.from({ length: 100 }, (_, n) => (n === 3 ? 3 : index * 1000 + n)) },
    }));
    expect(await query(rows, { $and })).toEqual(["1"]);
  });

  it("is refused where a row's text is too long for its pattern, and found by a cheaper one", async () => {
    const text = "ab".repeat(50_000);
    const rows = await filled(fixture, [{ id: "1", name: text, tags: [text] }]);
    for (const field of ["name", "tags"]) {
      const error = await query(rows, { [field]: /a[ab]{900}[^ab]/ }).catch((refused: object) => refused);
      expect(error).toMatchObject({ type: "INVALID_QUERY", code: 422 });
      expect(await query(rows, { [field]: /^(ab)+$/ })).toEqual(["1"]);
    }
  });

  it("keeps comparisons apart that begin alike", async () => {
    const rows = await filled(fixture, [
      { id: "1", tags: ["a"] },
      { id: "2", tags: ["b"] },
    ]);
    const long = Array.from({ length: 300 }, (_, index) => `nothing ${index}`);
    for (const [last, id] of [
      ["a", "1"],
      ["b", "2"],
      ["a", "1"],
    ])
      expect(await query(rows, { tags: { $in: [...long, last] } })).toEqual([id]);
  });
});
