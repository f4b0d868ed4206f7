import { DuplicateRowError, StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Field, Fields } from "../../core/rows/fields.ts";
import { copiedFields } from "../../core/rows/copied-fields.ts";
import type { Connections, Session, Transaction } from "./connections.ts";
import { sqlStateOf } from "./errors.ts";
import { rowsOf, type PostgresGeneration } from "./generation.ts";
import { columnsOf, createIndexes, createRows, rowDecoder } from "./row-codec.ts";
import { quote } from "./schema.ts";

const noSuchTable = "42P01";

/**
 * Copies a generation within the server, in one transaction: one snapshot of rows, parked events and checkpoint. It
 * locks no row of the generation, so commits continue.
 * @param insert adds the row in `generations`, and returns its number
 * @throws DuplicateRowError
 */
export async function copyGeneration(
  connections: Connections,
  schema: string,
  from: PostgresGeneration,
  fields: Fields,
  insert: (session: Session) => Promise<number>,
): Promise<number> {
  const transaction = await connections.begin(
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL statement_timeout = 0",
    0,
  );
  try {
    await lock(transaction, schema, from.number);
    const number = await insert(transaction);
    await copyRows(transaction, schema, from, number, fields);
    await transaction.end("COMMIT");
    return number;
  } catch (error) {
    await transaction.end("ROLLBACK", error);
    throw error;
  }
}

/** Prevents another host that replaces the generation from dropping its rows. Taken before the snapshot. */
async function lock(transaction: Transaction, schema: string, number: number): Promise<void> {
  try {
    await transaction.query(`LOCK TABLE ${rowsOf(schema, number)} IN ACCESS SHARE MODE`);
  } catch (error) {
    if (sqlStateOf(error) !== noSuchTable) throw error;
    throw new StoreUnavailableError(schema, `generation ${number} was replaced before it was copied`, error);
  }
}

async function copyRows(
  transaction: Transaction,
  schema: string,
  from: PostgresGeneration,
  number: number,
  fields: Fields,
): Promise<void> {
  const [source, target] = [rowsOf(schema, from.number), rowsOf(schema, number)];
  const { kept, newlyUnique } = copiedFields(from.fields, fields);
  const columns = columnsOf(new Map(kept.map((field) => [field.name, field])));
  await transaction.query(createRows(target, fields));
  await transaction.query(
    `UPDATE ${schema}.generations SET (position, position_id, folded, reordered, log) =
       (SELECT position, position_id, folded, reordered, log FROM ${schema}.generations WHERE number = $1)
     WHERE number = $2`,
    [from.number, number],
  );
  await transaction.query(
    `INSERT INTO ${schema}.parked (generation, id, position, event)
     SELECT $1, id, position, event FROM ${schema}.parked WHERE generation = $2`,
    [number, from.number],
  );
  await transaction.query(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${source}`);
  for (const field of newlyUnique) await assertUnique(transaction, target, field);
  await transaction.query(createIndexes(target, fields));
}

/** @throws DuplicateRowError */
async function assertUnique(transaction: Transaction, table: string, field: Field): Promise<void> {
  const column = quote(field.name);
  const { rows } = await transaction.query(
    `SELECT ${column}, ${column} FROM ${table} WHERE ${column} IS NOT NULL GROUP BY ${column} HAVING count(*) > 1 LIMIT 1`,
  );
  if (rows.length > 0)
    throw new DuplicateRowError(field.name, rowDecoder(new Map([[field.name, field]]))(rows[0]!)[field.name]);
}
