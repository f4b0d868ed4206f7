import { randomUUID } from "node:crypto";
import { readChangedLogs } from "../../support/changed-logs.ts";
import { cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import type { NewPlace } from "../../support/library-releases.ts";
import { sql } from "../../support/postgres-server.ts";
import { readRenamedLogs } from "../../support/renamed-logs.ts";
import { rollBackRenames } from "../../support/rolled-back-renames.ts";

afterEach(cleanUp);

const newName = () => `p${randomUUID().slice(0, 8)}`;

function describeLogs(newPlace: NewPlace): void {
  describe("a log whose event types were renamed", () => {
    readRenamedLogs(newPlace);
  });
  describe("events that are read as others", () => {
    readChangedLogs(newPlace);
  });
  describe("an event type that a release renamed before it was rolled back", () => {
    rollBackRenames(newPlace);
  });
}

describeWith("postgres", "In PostgreSQL", (server) =>
  describeLogs(async () => {
    const database = newName();
    await sql(server().url, `CREATE DATABASE ${database}`);
    const url = new URL(server().url);
    url.pathname = database;
    return { log: url.href, folder: newFolder() };
  }),
);

describeWith("nats-server", "In NATS", (server) =>
  describeLogs(() => {
    const folder = newFolder();
    return {
      log: `${server().url}?prefix=${newName()}-&folder=${folder}`,
      table: `sqlite:${folder}/loans.db`,
      folder,
    };
  }),
);

describeWith("mongodb", "In MongoDB", (server) =>
  describeLogs(() => {
    const folder = newFolder();
    return { log: `${server().url}/${newName()}?folder=${folder}`, folder };
  }),
);
