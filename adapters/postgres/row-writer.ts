import { DuplicateRowError, InvalidRowError } from "../../core/errors/errors.ts";
import { missingFields, type Field, type Fields } from "../../core/rows/fields.ts";
import type { Session } from "./connections.ts";
import { encode } from "./row-codec.ts";
import { quote } from "./schema.ts";
import { storedText } from "./stored-text.ts";
import { sqlTypes } from "./where.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

type Writing = Exclude<RowChange, { operation: "remove" }>;
type EncodedRow = readonly [id: string, values: Writing["values"]];

/**
 * Writes the rows of one table without concurrent writers. Conflicts are detected by conditions in the statements,
 * since an error of the server would abort the whole transaction.
 */
export class RowWriter {
  readonly #table: string;
  readonly #fields: Fields;
  /** In reverse order: if a row repeats several values, every engine reports the last of these fields. */
  readonly #unique: readonly Field[];

  constructor(table: string, fields: Fields) {
    this.#table = table;
    this.#fields = fields;
    this.#unique = [...fields.values()].filter(({ unique }) => unique).toReversed();
  }

  /** @throws DuplicateRowError, InvalidRowError */
  async write(session: Session, change: RowChange): Promise<void> {
    if (change.operation === "remove")
      await session.query(`DELETE FROM ${this.#table} WHERE id = $1`, [storedText(change.id)]);
    else if (change.operation === "create") await this.#create(session, change);
    else await this.#update(session, change);
  }

  /** Returns the encoded values of a change that succeeds whether or not the row exists, or null. */
  certain(change: RowChange): Writing["values"] | null {
    if (change.operation !== "update" || missingFields(this.#fields, change.values).length > 0) return null;
    if (this.#unique.some(({ name }) => (change.values[name] ?? null) !== null)) return null;
    return this.#encoded(change.values);
  }

  #encoded(given: Writing["values"]): Writing["values"] {
    const values: Writing["values"] = {};
    for (const name in given) values[name] = encode(this.#fields.get(name)!, given[name]);
    return values;
  }

  /** Writes values from `certain`, for distinct rows that set the same fields. */
  async writeAlike(session: Session, rows: readonly EncodedRow[]): Promise<void> {
    await this.#insertAlike(session, rows, onConflict);
  }

  async #insertAlike(
    session: Session,
    rows: readonly EncodedRow[],
    otherwise: (names: readonly string[]) => string,
  ): Promise<number> {
    const fields = Object.keys(rows[0]![1]).map((name) => this.#fields.get(name)!);
    const names = fields.map(({ name }) => quote(name));
    const arrays = fields.map(({ type }, index) => `$${index + 2}::${sqlTypes[type]}[]`);
    const { count } = await session.query(
      `INSERT INTO ${this.#table} (${["id", ...names].join(", ")})
       SELECT * FROM unnest(${["$1::text[]", ...arrays].join(", ")}) ${otherwise(names)}`,
      [rows.map(([id]) => storedText(id)), ...fields.map(({ name }) => rows.map(([, values]) => values[name]))],
    );
    return count;
  }

  /** The rows of several changes that only create, and set the same fields; null of any others. */
  newRows(changes: readonly RowChange[]): EncodedRow[] | null {
    const rows: EncodedRow[] = [];
    const [first] = changes;
    for (const change of changes) {
      if (change.operation !== "create" || first?.operation !== "create") return null;
      if (!haveSameNames(change.values, first.values) || missingFields(this.#fields, change.values).length > 0)
        return null;
      rows.push([change.id, this.#encoded(change.values)]);
    }
    return rows;
  }

  /** Creates rows of `newRows` in one statement. False if not all of them could be: then some may be there. */
  async createAlike(session: Session, rows: readonly EncodedRow[]): Promise<boolean> {
    return (await this.#insertAlike(session, rows, () => "ON CONFLICT DO NOTHING")) === rows.length;
  }

  async #create(session: Session, change: Writing): Promise<void> {
    const missing = missingFields(this.#fields, change.values);
    if (missing.length > 0) throw new InvalidRowError(missing);
    const { names, parameters, values } = this.#parts(change);
    const { count } = await session.query(
      `INSERT INTO ${this.#table} (${["id", ...names].join(", ")}) VALUES (${["$1", ...parameters].join(", ")}) ON CONFLICT DO NOTHING`,
      values,
    );
    if (count === 0) throw await this.#duplicate(session, change);
  }

  async #update(session: Session, change: Writing): Promise<void> {
    const missing = missingFields(this.#fields, change.values);
    if (missing.some(({ field }) => Object.hasOwn(change.values, field))) throw new InvalidRowError(missing);
    const { names, parameters, values } = this.#parts(change);
    const taken = this.#unique
      .filter(({ name }) => (change.values[name] ?? null) !== null)
      .map(({ name }) => `${quote(name)} = ${parameters[names.indexOf(quote(name))]}`);
    const isFree =
      taken.length === 0
        ? "true"
        : `NOT EXISTS (SELECT FROM ${this.#table} WHERE id <> $1 AND (${taken.join(" OR ")}))`;
    if (missing.length > 0) {
      // A row without a required field cannot be inserted, only updated if it exists.
      const set = names.map((name, index) => `${name} = ${parameters[index]}`).join(", ");
      const { count } = await session.query(
        `UPDATE ${this.#table} SET ${set || "id = id"} WHERE id = $1 AND ${isFree}`,
        values,
      );
      if (count === 0)
        throw (await this.#isThere(session, change.id))
          ? await this.#duplicate(session, change)
          : new InvalidRowError(missing);
      return;
    }
    const { count } = await session.query(
      `INSERT INTO ${this.#table} (${["id", ...names].join(", ")}) SELECT ${["$1::text", ...parameters].join(", ")}
       WHERE ${isFree} ${onConflict(names)}`,
      values,
    );
    if (count === 0 && taken.length > 0) throw await this.#duplicate(session, change);
  }

  #parts({ id, values }: Writing): { names: string[]; parameters: string[]; values: unknown[] } {
    const names: string[] = [];
    const parameters: string[] = [];
    const encoded: unknown[] = [storedText(id)];
    for (const name in values) {
      const field = this.#fields.get(name)!;
      names.push(quote(name));
      encoded.push(encode(field, values[name]));
      parameters.push(`$${encoded.length}::${sqlTypes[field.type]}`);
    }
    return { names, parameters, values: encoded };
  }

  async #isThere(session: Session, id: string): Promise<boolean> {
    const { count } = await session.query(`SELECT FROM ${this.#table} WHERE id = $1`, [storedText(id)]);
    return count > 0;
  }

  async #duplicate(session: Session, { id, values }: Writing): Promise<DuplicateRowError> {
    for (const { name } of this.#unique) {
      if ((values[name] ?? null) === null) continue;
      const { count } = await session.query(`SELECT FROM ${this.#table} WHERE ${quote(name)} = $1 AND id <> $2`, [
        storedText(values[name]),
        storedText(id),
      ]);
      if (count > 0) return new DuplicateRowError(name, values[name]);
    }
    return new DuplicateRowError("id", id);
  }
}

const onConflict = (names: readonly string[]) =>
  `ON CONFLICT (id) DO ${names.length === 0 ? "NOTHING" : `UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`}`;

const haveSameNames = (values: object, others: object) => {
  const names = Object.keys(values);
  return names.length === Object.keys(others).length && names.every((name) => Object.hasOwn(others, name));
};
