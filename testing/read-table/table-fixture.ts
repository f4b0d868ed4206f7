import { parseFields, type Fields, type FieldsInput } from "../../core/rows/fields.ts";
import type { Query } from "../../core/query/query.ts";
import type { ParkedStream, Progress, ReadTable, Rows, TableCapabilities } from "../../core/table/read-table.ts";
import type { Cases } from "../kit/contract-case.ts";
import { Fixture, type InProcess } from "../kit/fixture.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

/** A place for one table with its generations. */
export interface TablePlace {
  /** A port on this place, not opened. Each call returns another port on the same data. */
  table(): ReadTable;
  /** Removes the data. Called after every port is closed. */
  remove(): Promise<void>;
  /** Opens this place in another process. Required if the engine declares a durability. */
  inProcess?: InProcess;
}

export type TableCases = Cases<TableFixture>;

export const fieldsOf = (input: FieldsInput): Fields => parseFields("table", input);
export const nameAndTotal: FieldsInput = { name: "string", total: "integer" };
/** Other fields, for the next generation. */
export const wider: FieldsInput = { name: "string", total: "integer", city: { type: "string", unique: true } };
export const all: Query = { where: null, sort: [], limit: null, offset: 0, search: null };

/** The tables of one case. */
export class TableFixture extends Fixture<ReadTable> {
  readonly capabilities: TableCapabilities;

  constructor(newPlace: () => Promise<TablePlace>, capabilities: TableCapabilities) {
    super(async () => {
      const place = await newPlace();
      return { ...place, port: () => place.table(), remove: () => place.remove() };
    });
    this.capabilities = capabilities;
  }

  /** A table on a new place. */
  async open(input = nameAndTotal): Promise<ReadTable> {
    const table = await this.port();
    await table.open(fieldsOf(input));
    return table;
  }

  async reopen(table: ReadTable, input = nameAndTotal): Promise<ReadTable> {
    await table.close();
    const other = this.another(table);
    await other.open(fieldsOf(input));
    return other;
  }
}

export const create = (id: string, values: Record<string, unknown> = {}): RowChange => ({
  operation: "create",
  id,
  values,
});
export const update = (id: string, values: Record<string, unknown> = {}): RowChange => ({
  operation: "update",
  id,
  values,
});
export const remove = (id: string): RowChange => ({ operation: "remove", id });

export const at = (position: number, more: Partial<Progress> = {}): Progress => ({
  position,
  folded: position,
  positionId: null,
  reordered: false,
  log: "log-1",
  ...more,
});

export const nowhere: Progress = { position: 0, folded: 0, positionId: null, reordered: false, log: null };

export const parked = (id: string, position: number, more: Partial<ParkedStream> = {}): ParkedStream => ({
  id,
  type: "thing.created",
  stream: "thing-1",
  version: position,
  position,
  error: { name: "Error", message: "it's 😀", code: 500, type: "INVALID_ROW" },
  attempts: 3,
  parkedAt: "2024-01-01T00:00:00.000Z",
  waiting: 2,
  ...more,
});

/** The rows by id, without null fields. */
export const seen = async (rows: Rows): Promise<Record<string, object>> =>
  Object.fromEntries(
    (await rows.find(all)).map(({ id, ...values }) => [
      id,
      Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
    ]),
  );

export const committed = (table: ReadTable) => seen(table.live().rows);

/** Folds the changes into the live generation in one batch. */
export async function fold(table: ReadTable, changes: readonly RowChange[], position = 1): Promise<void> {
  const batch = await table.live().begin();
  await batch.apply(changes);
  await batch.commit(at(position));
}
