import type { Generation, ReadTable } from "../../core/table/read-table.ts";
import { at, committed, create, fieldsOf, fold, nameAndTotal, wider, type TableFixture } from "./table-fixture.ts";

export const opened = async (table: ReadTable, owner: string): Promise<ReadTable> => {
  await table.open(fieldsOf(nameAndTotal), undefined, { owner });
  return table;
};

/** A host that folds, as a holder of the owner's lease. */
export async function folding(table: ReadTable): Promise<ReadTable> {
  await table.takeOver();
  await table.refresh();
  await table.live().progress();
  return table;
}

/** The first has the table's first generation, with the row `{ 1: { name: "first" } }` at position 5. */
export async function hostsOf(fixture: TableFixture, ...owners: string[]): Promise<ReadTable[]> {
  const tables: ReadTable[] = [];
  for (const owner of owners) {
    const table = tables.length === 0 ? await fixture.port() : fixture.another(tables[0]!);
    tables.push(await folding(await opened(table, owner)));
    if (tables.length === 1) await fold(table, [create("1", { name: "first" })], 5);
  }
  return tables;
}

export async function built(table: ReadTable, name: string, position: number): Promise<Generation> {
  const next = await table.build(fieldsOf(wider));
  const batch = await next.begin();
  await batch.apply([create("1", { name })]);
  await batch.commit(at(position));
  return next;
}

export const switched = async (table: ReadTable, name: string, position: number): Promise<void> =>
  table.switchTo(await built(table, name, position));

export const namesIn = async (table: ReadTable): Promise<unknown[]> =>
  Object.values(await committed(table)).map((row) => (row as { name?: string }).name);

export const ownersOf = async (table: ReadTable): Promise<string[]> => (await table.lives()).map(({ owner }) => owner);
