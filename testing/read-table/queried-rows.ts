import assert from "node:assert/strict";
import { checkRow, type FieldType } from "../../core/rows/fields.ts";
import { parseQuery, type Query, type QueryFields, type QueryParams } from "../../core/query/query.ts";
import type { Rows } from "../../core/table/read-table.ts";
import { same } from "../kit/same.ts";
import { queriedFields } from "./random-query.ts";
import { create, fieldsOf, fold, type TableFixture } from "./table-fixture.ts";

const fields = fieldsOf(queriedFields);
const queryFields: QueryFields = new Map<string, { type: FieldType }>([["id", { type: "string" }], ...fields]);

/** A table with these rows, written as the fold writes them. */
export async function filled(
  fixture: TableFixture,
  given: readonly ({ id: string } & Record<string, unknown>)[],
): Promise<Rows> {
  const table = await fixture.open(queriedFields);
  await fold(
    table,
    given.map((row) => create(row.id, checkRow(fields, row))),
  );
  return table.live().rows;
}

/** A query as the generated actions parse it. */
export const asked = (params: QueryParams): Query => parseQuery(queryFields, params);

/** The ids of the rows that the query returns. */
export const found = async (rows: Rows, params: QueryParams): Promise<string[]> =>
  (await rows.find(asked(params))).map(({ id }) => id);

/** Checks that a row that has an odd text in every place is found by exactly this text. */
export async function areFoundByText(fixture: TableFixture, texts: readonly string[]): Promise<void> {
  const rows = await filled(
    fixture,
    texts.map((name, index) => ({ id: `row ${index}`, name, tags: [name], address: { inner: name } })),
  );
  for (const [index, text] of texts.entries()) {
    for (const query of [
      { name: text },
      { name: { $in: [text] } },
      { tags: text },
      { "tags.0": text },
      { "address.inner": text },
      { "address.inner": { $in: [text] } },
    ])
      same(await found(rows, { query }), [`row ${index}`], JSON.stringify(query).slice(0, 100));
    assert.equal(await rows.count(asked({ query: { name: { $ne: text } } })), texts.length - 1);
  }
}
