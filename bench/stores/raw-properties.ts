import Database from "better-sqlite3";
import { rowDecoder } from "../../adapters/sqlite/row-codec.ts";
import { parseFields, type Row } from "../../core/rows/fields.ts";
import { expectSame } from "../check.ts";
import { propertyFields, rowsPerCity, type PropertyQueries } from "../properties.ts";

/** The queries without our package, on the file of our table: prepared once, rows decoded as ours are. */
export class RawProperties implements PropertyQueries {
  readonly #db: Database.Database;
  readonly #rows: number;
  readonly #byCode: Database.Statement<unknown[], unknown[]>;
  readonly #byCity: Database.Statement<unknown[], unknown[]>;
  readonly #page: Database.Statement<unknown[], unknown[]>;
  readonly #countCity: Database.Statement;
  readonly #countAll: Database.Statement;
  readonly #decode = rowDecoder(parseFields("raw", propertyFields));

  constructor(file: string, rows: number) {
    this.#db = new Database(file, { readonly: true });
    this.#rows = rows;
    const select = `SELECT id, ${Object.keys(propertyFields).join(", ")} FROM "rows"`;
    const prepare = (rest: string) => this.#db.prepare<unknown[], unknown[]>(`${select} ${rest}`).raw();
    this.#byCode = prepare("WHERE code = +? ORDER BY id");
    this.#byCity = prepare(`WHERE city = +? ORDER BY id LIMIT ${rowsPerCity}`);
    this.#page = prepare(`ORDER BY id LIMIT ${rowsPerCity} OFFSET +?`);
    this.#countCity = this.#db.prepare(`SELECT count(*) FROM "rows" WHERE city = ?`).pluck();
    this.#countAll = this.#db.prepare(`SELECT count(*) FROM "rows"`).pluck();
  }

  find(code: string): Row[] {
    return this.#byCode.all(code).map(this.#decode);
  }

  list(city: string): Row[] {
    expectSame("rows of a city", this.#countCity.get(city), rowsPerCity);
    return this.#byCity.all(city).map(this.#decode);
  }

  page(page: number): Row[] {
    expectSame("rows", this.#countAll.get(), this.#rows);
    return this.#page.all((page - 1) * rowsPerCity).map(this.#decode);
  }

  close(): void {
    this.#db.close();
  }
}
