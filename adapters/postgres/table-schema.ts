/** The schema of a read table. */
import type { Migrations } from "./schema.ts";

/** The error code of `is_live`: another generation is live by now. */
export const notLive = "ES001";

export const tableMigrations: Migrations = {
  purpose: "table",
  migrations: [
    `CREATE TABLE $schema.generations (
       number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
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
     CREATE TABLE $schema.live (one boolean PRIMARY KEY DEFAULT true CHECK (one), number bigint NOT NULL);
     INSERT INTO $schema.live VALUES (true, 0);
     CREATE FUNCTION $schema.is_live(asked bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $function$
       BEGIN
         IF (SELECT number FROM $schema.live) = asked THEN RETURN true; END IF;
         RAISE EXCEPTION 'generation % is not the live one', asked USING ERRCODE = '${notLive}';
       END $function$;`,
  ],
};
