import { readStored, type OnDamaged } from "../../core/event/damaged-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { pageBytesOf } from "../../core/log/page-size.ts";
import type { Migrations } from "./schema.ts";
import { storeCommit } from "./store-commit.ts";

export const columns = "position, id, type, version, stream, time, payload, meta";

/** A row of those columns. */
export type EventRow = [
  position: number,
  id: string,
  type: string,
  version: number,
  stream: string,
  time: string,
  payload: string,
  meta: string,
];

/** @throws DamagedEventError, where nothing is to be told of one */
export const toEvent = (
  [position, id, type, version, stream, time, payload, meta]: EventRow,
  onDamaged?: OnDamaged,
): RecordedEvent => readStored({ id, type, stream, version, position, time, payload, meta }, onDamaged);

export const sizeOf = (row: EventRow) => pageBytesOf(row[4], row[2], row[6], row[7]);

/** The same, or less, as the server counts it: it need not send what no page has room for. */
export const sizeInSql = "octet_length(payload) + octet_length(meta) + 250";

/** Until the transaction ends no other host commits events. */
export const lockHead = (schema: string) => `SELECT FROM ${schema}.head FOR UPDATE`;

/**
 * Appends that were decided before are decided again. By the clock: where the database is put back to an earlier state,
 * no revision comes again that a host may know from before.
 */
export const raiseRevision = (schema: string) =>
  `UPDATE ${schema}.head SET revision = greatest(revision + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)`;

export const logMigrations: Migrations = {
  purpose: "log",
  migrations: [
    // Texts order by their bytes, whatever the database's language. JSON stays the text that it was.
    `CREATE TABLE $schema.events (
       position bigint PRIMARY KEY,
       id text COLLATE "C" NOT NULL CONSTRAINT events_id UNIQUE,
       type text COLLATE "C" NOT NULL,
       stream text COLLATE "C" NOT NULL,
       version bigint NOT NULL,
       time text COLLATE "C" NOT NULL,
       payload text NOT NULL,
       meta text NOT NULL,
       CONSTRAINT events_stream UNIQUE (stream, version)
     );
     CREATE TABLE $schema.links (
       stream text COLLATE "C" NOT NULL,
       version bigint NOT NULL,
       position bigint NOT NULL REFERENCES $schema.events,
       PRIMARY KEY (stream, version),
       UNIQUE (stream, position)
     );
     CREATE FUNCTION $schema.refuse() RETURNS trigger LANGUAGE plpgsql AS
       $function$ BEGIN RAISE EXCEPTION 'history is append-only: what is stored in % never changes and never goes', TG_TABLE_NAME; END $function$;
     CREATE TRIGGER never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON $schema.events EXECUTE FUNCTION $schema.refuse();
     CREATE TRIGGER never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON $schema.links EXECUTE FUNCTION $schema.refuse();
     CREATE TABLE $schema.head (
       one boolean PRIMARY KEY DEFAULT true CHECK (one),
       position bigint NOT NULL,
       time text COLLATE "C" NOT NULL,
       -- What an append is decided on besides events: a first link of a stream, claims that were folded.
       revision bigint NOT NULL
     ) WITH (fillfactor = 10);
     INSERT INTO $schema.head VALUES (true, 0, '', 0);
     CREATE TABLE $schema.state (key text COLLATE "C" PRIMARY KEY, value text NOT NULL, revision bigint NOT NULL);
     CREATE TABLE $schema.leases (name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, epoch bigint NOT NULL, expires timestamptz NOT NULL);
     CREATE TABLE $schema.claims (scope text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, stream text NOT NULL, PRIMARY KEY (scope, value));
     CREATE TABLE $schema.claim_scopes (scope text COLLATE "C" PRIMARY KEY, definition text NOT NULL, types text NOT NULL, position bigint NOT NULL, unfolded bigint NOT NULL);
     ${storeCommit}`,
    `ALTER TABLE $schema.leases DROP COLUMN expires, ADD COLUMN mark text NOT NULL DEFAULT '', ADD COLUMN ttl integer NOT NULL DEFAULT 0;
     UPDATE $schema.leases SET holder = '';`,
  ],
};
