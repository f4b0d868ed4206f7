/** The schema of the events, and the conversion between events and rows. */
import { readStored, type OnDamaged } from "../../core/event/damaged-event.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Schema } from "./database.ts";

export const columns = "position, id, type, version, stream, time, payload, meta";

/** A row of an event before it has a position. */
export type UnplacedRow = [
  id: string,
  type: string,
  version: number,
  stream: string,
  time: string,
  payload: string,
  meta: string,
];

export type EventRow = [
  position: number,
  ...event: UnplacedRow,
  /** The version in a stream of links, if the event was read from one. */
  link?: number,
];

/** @throws DamagedEventError unless `onDamaged` is given */
export const toEvent = (
  [position, id, type, version, stream, time, payload, meta]: EventRow,
  onDamaged?: OnDamaged,
): RecordedEvent => readStored({ id, type, stream, version, position, time, payload, meta }, onDamaged);

export const logSchema: Schema = {
  applicationId: 0x65734c31,
  migrations: [
    `CREATE TABLE events (
       position INTEGER PRIMARY KEY,
       id TEXT NOT NULL UNIQUE,
       type TEXT NOT NULL,
       stream TEXT NOT NULL,
       version INTEGER NOT NULL,
       time TEXT NOT NULL,
       payload TEXT NOT NULL,
       meta TEXT NOT NULL,
       UNIQUE (stream, version)
     ) STRICT;
     CREATE TRIGGER events_never_change BEFORE UPDATE ON events
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a stored event never changes'); END;
     CREATE TRIGGER events_never_go BEFORE DELETE ON events
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a stored event is never deleted'); END;
     -- The number of events of each type up to the last position that is a multiple of 1000.
     CREATE TABLE types (type TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, ttl INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     -- Each definition of a scope has claims of its own: those of one generation.
     CREATE TABLE claims (generation TEXT NOT NULL, value TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (generation, value)) STRICT, WITHOUT ROWID;
     CREATE TABLE claim_scopes (generation TEXT PRIMARY KEY, definition TEXT NOT NULL, types TEXT NOT NULL, position INTEGER NOT NULL, unfolded INTEGER NOT NULL, scope TEXT NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE INDEX claims_of_streams ON claims (generation, stream);
     CREATE TABLE links (
       stream TEXT NOT NULL,
       version INTEGER NOT NULL,
       position INTEGER NOT NULL REFERENCES events,
       PRIMARY KEY (stream, version),
       UNIQUE (stream, position)
     ) STRICT, WITHOUT ROWID;
     CREATE TRIGGER links_never_change BEFORE UPDATE ON links
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a link never changes'); END;
     CREATE TRIGGER links_never_go BEFORE DELETE ON links
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a link is never deleted'); END;
     -- REPLACE deletes conflicting rows without running a DELETE trigger. These triggers run before that.
     CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
       WHEN NEW.position <= (SELECT ifnull(max(position), 0) FROM events)
         OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
         OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a stored event is never replaced'); END;
     CREATE TRIGGER links_are_never_replaced BEFORE INSERT ON links
       WHEN EXISTS (SELECT 1 FROM links WHERE stream = NEW.stream AND version = NEW.version)
         OR EXISTS (SELECT 1 FROM links WHERE stream = NEW.stream AND position = NEW.position)
       BEGIN SELECT RAISE(ABORT, 'history is append-only: a link is never replaced'); END;`,
  ],
};
