import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../../core/errors/errors.ts";
import { show } from "../../core/errors/problem.ts";
import { writtenByNewer } from "../../core/errors/newer-version.ts";
import type { OpenOptions } from "../../core/log/event-log.ts";
import type { Connections, Session } from "./connections.ts";
import { sqlStateOf } from "./errors.ts";
import { hashOf, unexpectedObject } from "./schema-objects.ts";

/**
 * `migrations[i]` upgrades a schema from version i to i + 1. `$schema` stands for its name, and function bodies are
 * enclosed in `$function$`. Existing entries never change: a spec compares their hashes with
 * `test/samples/migrations.json`, and each schema stores the hashes of those that made it.
 */
export interface Migrations {
  /** Distinguishes a log from a table. */
  purpose: "log" | "table";
  migrations: readonly string[];
}

/** The oldest version that returns floating point numbers exactly as they were sent. */
const oldestServer = 120_000;

/** A quote for function bodies that is longer than any name, so no name in a body can end it. */
const quoteOfBodies = `$${"_".repeat(64)}$`;

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** @throws UnusableStoreError if the server's version is too old */
export function assertServerVersion(location: string, number: number, version: string): void {
  if (number < oldestServer)
    throw new UnusableStoreError(location, `found PostgreSQL ${version}, expected ${oldestServer / 10_000} or newer`);
}

/**
 * Checks settings of the server that the adapter cannot change.
 * @throws UnusableStoreError
 */
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
  assertServerVersion(location, number, version);
  if (encoding !== "UTF8")
    throw new UnusableStoreError(location, `found a database in ${encoding}, expected one in UTF8 (createdb -E UTF8)`);
  if (digits < 1)
    throw new UnusableStoreError(
      location,
      `found extra_float_digits=${digits}, expected 1 or more: the server would round numbers. Reset it for the role, the database or the server`,
    );
  if (wantsPower && (waits === "off" || flushes === "off"))
    throw new UnusableStoreError(
      location,
      `found synchronous_commit=${waits} and fsync=${flushes}, expected neither to be off: a power cut would lose acknowledged events. Switch them on, or set durability=process`,
    );
}

/**
 * Creates the schema if it is missing and migrates it, in one transaction.
 * @throws UnusableStoreError if the schema belongs to another program, another purpose or a newer version, or if it is
 *   missing and must not be created
 */
export async function migrate(
  location: string,
  connections: Connections,
  schema: string,
  { purpose, migrations }: Migrations,
  { identity = randomUUID(), create = true }: OpenOptions = {},
): Promise<void> {
  const about = await aboutOf(location, connections, schema, purpose, migrations.length);
  const found = versionIn(about);
  if (found === 0 && !create) throw new MissingLogError(location);
  await assertObjects(location, connections, schema, migrations.slice(0, found), about);
  if (found === migrations.length) return;
  await connections.transaction(async (session) => {
    // Serializes hosts that start at the same time. The lock ends with the transaction.
    await session.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 1702))", [schema]);
    const version = versionIn(await aboutOf(location, session, schema, purpose, migrations.length));
    if (version === 0) {
      // A user with an empty schema may lack the right to create one.
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
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      await session.query(
        migration.replaceAll("$function$", () => quoteOfBodies).replaceAll("$schema", () => quote(schema)),
      );
      const about = [migrationKey(index), hashOf(migration)];
      await session.query(`INSERT INTO ${quote(schema)}.about VALUES ($1, $2)`, about);
    }
    await session.query(`UPDATE ${quote(schema)}.about SET value = $1 WHERE key = 'version'`, [migrations.length]);
  });
}

const migrationKey = (index: number) => `migration ${index + 1}`;
const versionIn = (about: ReadonlyMap<string, string>) => Number(about.get("version") ?? 0);

/** @throws UnusableStoreError if the schema lacks what these migrations make */
async function assertObjects(
  location: string,
  session: Session,
  schema: string,
  migrations: readonly string[],
  about: ReadonlyMap<string, string>,
): Promise<void> {
  if (migrations.length === 0) return;
  const hashes = migrations.map((_, index) => about.get(migrationKey(index)) ?? "");
  const problem = await unexpectedObject(session, quote(schema), migrations, hashes);
  if (problem !== null)
    throw new UnusableStoreError(
      location,
      `schema ${quote(schema)}: ${problem}, expected what version ${migrations.length} of this version of moleculer-event-sourcing has: it was made by another build, restored in part, or changed by hand. Restore a whole dump of it; or open it with the build that made it and copy it (npx moleculer-event-sourcing copy); the schema of a read table may be dropped: the table is folded again`,
    );
}

/** What the schema says about itself; empty if it is missing or empty. */
async function aboutOf(
  location: string,
  session: Session,
  schema: string,
  purpose: string,
  newest: number,
): Promise<ReadonlyMap<string, string>> {
  const { rows: there } = await session.query(
    `SELECT count(*)::int, count(*) FILTER (WHERE c.relname = 'about')::int FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [schema],
  );
  const [tables, abouts] = there[0] as [number, number];
  if (tables === 0) return new Map();
  const about = abouts === 0 ? new Map<string, string>() : await readAbout(session, schema);
  const found = about.get("purpose");
  if (found !== `moleculer-event-sourcing ${purpose}`)
    throw new UnusableStoreError(
      location,
      `found the schema ${quote(schema)} in use by ${found ?? "another program"}, expected a ${purpose} of ours or none; choose another with the option schema`,
    );
  const version = versionIn(about);
  if (version > newest) throw writtenByNewer(location, "schema version", version, `at most ${newest}`);
  // The tables and their version are committed together.
  if (!Number.isSafeInteger(version) || version < 1)
    throw new UnusableStoreError(
      location,
      `found an unfinished schema ${quote(schema)} (version ${about.get("version") ?? "missing"} with ${tables} tables), expected a version from 1 to ${newest}, or no tables: it was restored in part, or changed by hand. Restore a whole dump of it; the schema of a read table may be dropped: the table is folded again`,
    );
  return about;
}

async function readAbout(session: Session, schema: string): Promise<Map<string, string>> {
  try {
    const { rows } = await session.query(`SELECT key, value FROM ${quote(schema)}.about`);
    return new Map(rows as [string, string][]);
  } catch (error) {
    // A table of that name with other columns belongs to another program.
    if (sqlStateOf(error) === "42703") return new Map();
    throw error;
  }
}

/** Marks the schema as that of the table. @throws UnusableStoreError if it is another one's */
export async function assertTable(session: Session, location: string, schema: string, table: string): Promise<void> {
  await session.query(`INSERT INTO ${quote(schema)}.about VALUES ('table', $1) ON CONFLICT DO NOTHING`, [table]);
  const found = (await readAbout(session, schema)).get("table");
  if (found !== table)
    throw new UnusableStoreError(
      location,
      `found the table ${show(found)}, expected ${show(table)}: give each table a schema of its own`,
    );
}
