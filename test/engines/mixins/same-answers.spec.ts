import { randomUUID } from "node:crypto";
import { describeWith, type EngineServer } from "../../support/engines.ts";
import { giveTheSameAnswers } from "../../support/same-answers.ts";
import { sql } from "../../support/postgres-server.ts";

/** Each case begins its log of a long name in an empty place. */
const newName = () => `p${randomUUID().slice(0, 8)}`;

describeWith("postgres", "PostgreSQL answers as other engines do", (server: () => EngineServer) => {
  let database = "";
  beforeEach(async () => {
    database = newName();
    await sql(server().url, `CREATE DATABASE ${database}`);
  });
  giveTheSameAnswers(() => {
    const url = new URL(server().url);
    url.pathname = database;
    return { log: url.href };
  });
});

describeWith("nats-server", "NATS answers as other engines do", (server) =>
  giveTheSameAnswers((folder) => ({
    log: `${server().url}?prefix=${newName()}-&folder=${folder}`,
    table: `sqlite:${folder}/table.db`,
  })),
);

describeWith("mongodb", "MongoDB answers as other engines do", (server) =>
  giveTheSameAnswers((folder) => ({ log: `${server().url}/${newName()}?folder=${folder}` })),
);
