import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { indexSchema } from "../../adapters/parts/commit-chain/index-file.ts";
import { logMigrations } from "../../adapters/postgres/event-schema.ts";
import { tableMigrations } from "../../adapters/postgres/table-schema.ts";
import { logSchema } from "../../adapters/sqlite/event-schema.ts";
import { tableSchema } from "../../adapters/sqlite/table-file.ts";

const migrations: Record<string, readonly string[]> = {
  "sqlite log": logSchema.migrations,
  "sqlite table": tableSchema.migrations,
  "index of a chain": indexSchema.migrations,
  "postgres log": logMigrations.migrations,
  "postgres table": tableMigrations.migrations,
};

export type Hashes = Record<string, string[]>;

export const hashesFile = new URL("migrations.json", import.meta.url);

/** The hash of each migration's text, in order. */
export const presentHashes = (): Hashes =>
  Object.fromEntries(
    Object.entries(migrations).map(([name, texts]) => [
      name,
      texts.map((text) => createHash("sha256").update(text).digest("hex").slice(0, 16)),
    ]),
  );

export const frozenHashes = (): Hashes => JSON.parse(readFileSync(hashesFile, "utf8")) as Hashes;

/** What has changed in the frozen migrations; new ones at the end of a list are none. */
export const changedMigrations = (frozen: Hashes, present: Hashes): string[] =>
  Object.entries(frozen).flatMap(([name, hashes]) =>
    hashes.flatMap((hash, index) =>
      present[name]?.[index] === hash
        ? []
        : `${name}, migration ${index + 1}: its text has changed, but stores were made by the old text. Append a new migration instead; before the first release \`npm run samples\` renews test/samples/migrations.json`,
    ),
  );
