import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { find } from "../support/engines.ts";
import { sql } from "../support/postgres-server.ts";
import type { Contents, SampleEngine } from "./sample-engine.ts";

const dumpFile = (sample: string) => join(sample, "dump.sql");

export const postgres: SampleEngine = {
  name: "postgres",
  log: (server, folder) => `${server}?folder=${folder}`,
  server: {
    program: "postgres",
    /** The text of pg_dump, with INSERT statements, so that the driver can run it. */
    dump: async (server, sample) => {
      const options = ["--inserts", "--no-owner", "--no-privileges", "--no-comments"];
      const text = execFileSync(find("pg_dump")!, [...options, server], { encoding: "utf8" });
      // Lines that begin with a backslash are for psql.
      writeFileSync(dumpFile(sample), text.replaceAll(/^(--.*|\\.*)?\n/gm, ""));
    },
    load: async (server, sample) => void (await sql(server, readFileSync(dumpFile(sample), "utf8"))),
    contents: async (server) => {
      const tables = (await sql(
        server,
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY name`,
      )) as { name: string }[];
      const contents: Record<string, unknown[]> = {};
      for (const { name } of tables)
        contents[name] = ((await sql(server, `SELECT to_jsonb(t) AS row FROM ${name} t`)) as { row: unknown }[]).map(
          ({ row }) => row,
        );
      return contents satisfies Contents;
    },
  },
};
