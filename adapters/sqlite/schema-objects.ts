import Database from "./driver.ts";

/** An object of a schema and its definition: the columns of a table, the text of a trigger or index. */
type Objects = ReadonlyMap<string, string>;

const expected = new WeakMap<readonly string[], Objects>();

/**
 * Compares the objects in the file with those that the migrations make. A file with their version may
 * have been made by another build, restored in part or changed by hand.
 * @returns the first object that is missing or different; null if there is none
 */
export function unexpectedObject(db: Database.Database, migrations: readonly string[]): string | null {
  const found = objectsIn(db);
  for (const [name, definition] of expectedOf(migrations)) {
    const there = found.get(name);
    if (there === undefined) return `found no ${name}`;
    if (there !== definition) return `found another ${name}`;
  }
  return null;
}

function expectedOf(migrations: readonly string[]): Objects {
  let objects = expected.get(migrations);
  if (!objects) {
    const db = new Database(":memory:");
    for (const migration of migrations) db.exec(migration);
    expected.set(migrations, (objects = objectsIn(db)));
    db.close();
  }
  return objects;
}

function objectsIn(db: Database.Database): Objects {
  const rows = db
    .prepare<[], [string, string, string]>(
      `SELECT type, name, CASE type WHEN 'table'
         THEN (SELECT group_concat(name || ' ' || type || ' ' || "notnull" || ' ' || pk) FROM pragma_table_info(s.name))
         ELSE sql END
       FROM sqlite_schema s WHERE sql IS NOT NULL`,
    )
    .raw()
    .all();
  return new Map(rows.map(([type, name, definition]) => [`${type} ${name}`, definition.replaceAll(/\s+/g, " ")]));
}
