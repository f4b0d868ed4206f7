import type Database from "better-sqlite3";
import type { Problem } from "../../core/errors/problem.ts";
import { missingFields, type Field, type Fields } from "../../core/rows/fields.ts";
import { encode, quote } from "./row-codec.ts";

type Statement = Database.Statement<unknown[], unknown[]>;
type Operation = "create" | "update";

/** Writes rows that set the same fields: the statement, and the order of its parameters. */
export class RowPlan {
  readonly statement: Statement;
  /** The required fields that the row omits. */
  readonly missing: readonly Problem[];
  readonly #fields: readonly Field[];
  readonly #idIsFirst: boolean;

  constructor(operation: Operation, all: Fields, names: readonly string[], prepare: (sql: string) => Statement) {
    this.#fields = names.map((name) => all.get(name)!);
    this.missing = missingFields(all, Object.fromEntries(names.map((name) => [name, true])));
    // A row without a required field cannot be inserted, only updated if it exists.
    this.#idIsFirst = operation === "create" || this.missing.length === 0;
    const set = names.map((name) => `${quote(name)} = ${this.#idIsFirst ? `excluded.${quote(name)}` : "?"}`).join(", ");
    const insert = `INSERT INTO "rows" (${["id", ...names].map(quote).join(", ")}) VALUES (?${", ?".repeat(names.length)})`;
    if (operation === "create") this.statement = prepare(insert);
    else if (this.#idIsFirst)
      this.statement = prepare(`${insert} ON CONFLICT (id) DO ${names.length === 0 ? "NOTHING" : `UPDATE SET ${set}`}`);
    else this.statement = prepare(`UPDATE "rows" SET ${names.length === 0 ? "id = id" : set} WHERE id = ?`);
  }

  isFor(values: Record<string, unknown>): boolean {
    let at = 0;
    for (const name in values) if (this.#fields[at++]?.name !== name) return false;
    return at === this.#fields.length;
  }

  bind(id: string, values: Record<string, unknown>): unknown[] {
    const encoded: unknown[] = this.#idIsFirst ? [id] : [];
    for (const field of this.#fields) encoded.push(encode(field, values[field.name]));
    if (!this.#idIsFirst) encoded.push(id);
    return encoded;
  }
}

/** Cache size: a table's transforms return rows of few shapes. */
const maxPlans = 8;

/** The plans of one table by operation, most recently used first. */
export class RowPlans {
  readonly #fields: Fields;
  readonly #prepare: (sql: string) => Statement;
  readonly #plans: Record<Operation, RowPlan[]> = { create: [], update: [] };

  constructor(fields: Fields, prepare: (sql: string) => Statement) {
    this.#fields = fields;
    this.#prepare = prepare;
  }

  of(operation: Operation, values: Record<string, unknown>): RowPlan {
    const plans = this.#plans[operation];
    if (plans[0]?.isFor(values)) return plans[0];
    const at = plans.findIndex((plan) => plan.isFor(values));
    const [plan = new RowPlan(operation, this.#fields, Object.keys(values), this.#prepare)] =
      at < 0 ? [] : plans.splice(at, 1);
    plans.unshift(plan);
    plans.length = Math.min(plans.length, maxPlans);
    return plan;
  }
}
