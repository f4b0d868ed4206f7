import { createHash } from "node:crypto";
import type { Session } from "./connections.ts";

/** Where in the catalogue each kind of object is listed. */
const catalogue = {
  TABLE: "SELECT c.relname FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')",
  FUNCTION: "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = $1::regnamespace",
  TRIGGER:
    "SELECT t.tgname || ' on ' || c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'D'",
};

type Kind = keyof typeof catalogue;

/** The hash of a migration's text, which is stored with the schema that it made. */
export const hashOf = (migration: string): string => createHash("sha256").update(migration).digest("hex");

/** The names of the objects that migrations create; one that is dropped must not be named here any more. */
function namesOf(kind: Kind, migrations: readonly string[]): string[] {
  const pattern =
    kind === "TRIGGER"
      ? /CREATE TRIGGER (\w+)[^;]* ON \$schema\.(\w+)/g
      : new RegExp(String.raw`CREATE ${kind} \$schema\.(\w+)`, "g");
  return migrations.flatMap((text) =>
    [...text.matchAll(pattern)].map(([, name, table]) => (table === undefined ? name! : `${name} on ${table}`)),
  );
}

/**
 * Compares the schema with the migrations that it should have been made by. It may have been made by another build, be
 * restored in part, or have been changed by hand.
 * @param hashes those of the migrations that made it, in their order
 * @returns what is missing or different; null if nothing is
 */
export async function unexpectedObject(
  session: Session,
  schema: string,
  migrations: readonly string[],
  hashes: readonly string[],
): Promise<string | null> {
  const differing = migrations.findIndex((migration, index) => hashes[index] !== hashOf(migration));
  if (differing >= 0) return `found another migration ${differing + 1}`;
  for (const [kind, query] of Object.entries(catalogue) as [Kind, string][]) {
    const { rows } = await session.query(query, [schema]);
    const found = new Set(rows.map(([name]) => name as string));
    const missing = namesOf(kind, migrations).find((name) => !found.has(name));
    if (missing !== undefined) return `found no ${kind.toLowerCase()} ${missing}`;
  }
  return null;
}
