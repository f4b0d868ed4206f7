import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../../core/errors/errors.ts";
import type { OpenOptions } from "../../core/log/event-log.ts";
import type { Connections, Session } from "./connections.ts";
import { sqlStateOf } from "./errors.ts";

/**
 * What brings a schema from version i to i + 1, with `$schema` for its name, and the bodies of its functions between two
 * `$function$`. Only ever appended to.
 */
export interface Migrations {
  /** Tells a log from a table. */
  purpose: "log" | "table";
  migrations: readonly string[];
}

/** The first one whose floating point numbers come back as they were sent. */
const oldestServer = 120_000;

/** Longer than any name: none that stands in a function's body ends it. */
const quoteOfBodies = `$${"_".repeat(64)}$`;

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** @throws UnusableStoreError where a server that says it is of this version, as a number and in words, is too old */
export function refuseOldServer(location: string, number: number, version: string): void {
  if (number < oldestServer)
    throw new UnusableStoreError(location, `found PostgreSQL ${version}, expected ${oldestServer / 10_000} or newer`);
}

/** For settings of the server that no statement of ours can change. @throws UnusableStoreError */
export async function checkServer(location: string, session: Session, wantsPower: boolean): Promise<void> {
  const { rows } = await session.query(
    `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
       current_setting('synchronous_commit'), current_setting('fsync'), current_setting('extra_float_digits')::int`,
  );
  const [number, version, encoding, waits, flushes, digits] = rows[0] as [
    number,
    string,
    string,
    string,
    string,
    number,
  ];
  refuseOldServer(location, number, version);
  if (encoding !== "UTF8")
    throw new UnusableStoreError(location, `found a database in ${encoding}, expected one in UTF8 (createdb -E UTF8)`);
  if (digits < 1)
    throw new UnusableStoreError(
      location,
      `found extra_float_digits=${digits}, expected 1 or more: numbers would be rounded when they are read. Reset it where it is set, for the role, the database or the server`,
    );
  if (wantsPower && (waits === "off" || flushes === "off"))
    throw new UnusableStoreError(
      location,
      `found synchronous_commit=${waits} and fsync=${flushes}, expected neither to be off: a power cut would lose acknowledged events. Switch them on, or say durability=process`,
    );
}

/**
 * Makes the schema where it is missing and brings it up to date, in one transaction.
 * @throws UnusableStoreError: another program's, of another purpose, from a newer version; missing, and not to be made
 */
export async function migrate(
  location: string,
  connections: Connections,
  schema: string,
  { purpose, migrations }: Migrations,
  { identity = randomUUID(), create = true }: OpenOptions = {},
): Promise<void> {
  const found = await versionOf(location, connections, schema, purpose, migrations.length);
  if (found === migrations.length) return;
  if (found === 0 && !create) throw new MissingLogError(location);
  await connections.transaction(async (session) => {
    // Hosts that start at the same time take turns; the lock ends with the transaction.
    await session.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 1702))", [schema]);
    const version = await versionOf(location, session, schema, purpose, migrations.length);
    if (version === 0) {
      // Who was given an empty schema may not be allowed to make one.
      const { count } = await session.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
      if (count === 0) await session.query(`CREATE SCHEMA ${quote(schema)}`);
      await session.query(
        `CREATE TABLE ${quote(schema)}.about (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)`,
      );
      await session.query(
        `INSERT INTO ${quote(schema)}.about VALUES ('purpose', $1), ('version', '0'), ('identity', $2)`,
        [`moleculer-event-sourcing ${purpose}`, identity],
      );
    }
    for (const migration of migrations.slice(version))
      await session.query(
        migration.replaceAll("$function$", () => quoteOfBodies).replaceAll("$schema", () => quote(schema)),
      );
    await session.query(`UPDATE ${quote(schema)}.about SET value = $1 WHERE key = 'version'`, [migrations.length]);
  });
}

/** 0 where there is no schema, or an empty one. */
async function versionOf(
  location: string,
  session: Session,
  schema: string,
  purpose: string,
  newest: number,
): Promise<number> {
  const { rows: there } = await session.query(
    `SELECT count(*)::int, count(*) FILTER (WHERE c.relname = 'about')::int FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schema],
  );
  const [tables, abouts] = there[0] as [number, number];
  if (tables === 0) return 0;
  const about = abouts === 0 ? new Map<string, string>() : await aboutOf(session, schema);
  const found = about.get("purpose");
  if (found !== `moleculer-event-sourcing ${purpose}`)
    throw new UnusableStoreError(
      location,
      `found the schema ${quote(schema)} in use by ${found ?? "another program"}, expected a ${purpose} of ours or none; name another with the option schema`,
    );
  const version = Number(about.get("version"));
  if (version > newest)
    throw new UnusableStoreError(
      location,
      `found schema version ${version}, expected at most ${newest}: it is from a newer version of moleculer-event-sourcing`,
    );
  return version;
}

async function aboutOf(session: Session, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await session.query(`SELECT key, value FROM ${quote(schema)}.about`);
    return new Map(rows as [string, string][]);
  } catch (error) {
    // Another program's table of that name has other columns.
    if (sqlStateOf(error) === "42703") return new Map();
    throw error;
  }
}
