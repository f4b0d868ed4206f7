/** The schema of a read table. */
import type { Migrations } from "./schema.ts";

/** The error code of `is_live`: the host reads another generation by now. */
export const notLive = "ES001";

/** A host without a live generation of its owner reads the one that became live last. */
export const readBy = (owner: string) => `ORDER BY owner = ${owner} DESC, since DESC LIMIT 1`;

export const tableMigrations: Migrations = {
  purpose: "table",
  migrations: [
    `CREATE TABLE $schema.generations (
       number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       owner text NOT NULL,
       fields text NOT NULL,
       definition text NOT NULL,
       request_id text NOT NULL,
       position bigint NOT NULL DEFAULT 0,
       position_id text,
       folded bigint NOT NULL DEFAULT 0,
       reordered boolean NOT NULL DEFAULT false,
       log text,
       -- Id of the last commit. If a host does not know it, another host has committed since.
       last_commit text NOT NULL,
       touched timestamptz NOT NULL DEFAULT clock_timestamp()
     ) WITH (fillfactor = 10);
     CREATE TABLE $schema.parked (
       generation bigint NOT NULL REFERENCES $schema.generations ON DELETE CASCADE,
       id text COLLATE "C" NOT NULL,
       position bigint NOT NULL,
       event text NOT NULL,
       PRIMARY KEY (generation, id)
     );
     CREATE TABLE $schema.live (
       owner text PRIMARY KEY,
       -- The reference prevents the removal of a live generation.
       number bigint NOT NULL UNIQUE REFERENCES $schema.generations,
       -- The generation that became live last has the highest one.
       since bigint NOT NULL GENERATED ALWAYS AS IDENTITY
     );
     CREATE FUNCTION $schema.is_live(asked bigint, reader text) RETURNS boolean STABLE LANGUAGE plpgsql AS $function$
       BEGIN
         IF (SELECT number FROM $schema.live ${readBy("reader")}) = asked THEN RETURN true; END IF;
         RAISE EXCEPTION 'generation % is not the live one', asked USING ERRCODE = '${notLive}';
       END $function$;`,
  ],
};
