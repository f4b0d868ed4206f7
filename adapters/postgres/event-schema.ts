/** The schema of the events, and the conversion between events and rows. */
import { readStored, type OnDamaged } from "../../core/event/damaged-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { pageBytesOf } from "../../core/log/page-size.ts";
import type { Migrations } from "./schema.ts";
import { storeCommit } from "./store-commit.ts";

export const columns = "position, id, type, version, stream, time, payload, meta";

/** A row of `columns`. */
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

/** @throws DamagedEventError unless `onDamaged` is given */
export const toEvent = (
  [position, id, type, version, stream, time, payload, meta]: EventRow,
  onDamaged?: OnDamaged,
): RecordedEvent => readStored({ id, type, stream, version, position, time, payload, meta }, onDamaged);

export const sizeOf = (row: EventRow) => pageBytesOf(row[4], row[2], row[6], row[7]);

/** The size of an event in SQL, never above the size in a page. The server omits events that do not fit in a page. */
export const sizeInSql = "octet_length(payload) + octet_length(meta) + 250";

/** Prevents other hosts from committing events until the transaction ends. */
export const lockHead = (schema: string) => `SELECT FROM ${schema}.head FOR UPDATE`;

/**
 * Invalidates all earlier snapshots, so that their appends are decided again. The revision follows the clock: after a
 * restore of the database, no revision repeats that a host may have cached.
 */
export const raiseRevision = (schema: string) =>
  `UPDATE ${schema}.head SET revision = greatest(revision + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)`;

export const logMigrations: Migrations = {
  purpose: "log",
  migrations: [
    // Texts are sorted by their bytes, independent of the database's locale. JSON is stored as text, so that it stays
    // unchanged.
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
       -- Counts changes that appends depend on besides events: the first link of a stream, claims.
       revision bigint NOT NULL
     ) WITH (fillfactor = 10);
     INSERT INTO $schema.head VALUES (true, 0, '', 0);
     -- The number of events of each type up to the last position that is a multiple of 1000.
     CREATE TABLE $schema.types (type text COLLATE "C" PRIMARY KEY, count bigint NOT NULL);
     CREATE TABLE $schema.state (key text COLLATE "C" PRIMARY KEY, value text NOT NULL, revision bigint NOT NULL);
     CREATE TABLE $schema.leases (name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, epoch bigint NOT NULL, mark text NOT NULL, ttl integer NOT NULL);
     -- Each definition of a scope has claims of its own: those of one generation.
     CREATE TABLE $schema.claims (generation text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, stream text NOT NULL, PRIMARY KEY (generation, value));
     CREATE TABLE $schema.claim_scopes (generation text COLLATE "C" PRIMARY KEY, definition text NOT NULL, types text NOT NULL, position bigint NOT NULL, unfolded bigint NOT NULL, scope text COLLATE "C" NOT NULL, used bigint NOT NULL);
     CREATE INDEX claims_of_streams ON $schema.claims (generation, stream);
     ${storeCommit}`,
  ],
};
