import { mongodb } from "../../adapters/mongodb/mongodb.ts";
import { nats } from "../../adapters/nats/nats.ts";
import { postgres } from "../../adapters/postgres/postgres.ts";
import type { Adapter } from "../../core/adapter.ts";
import { startEngine, type EngineServer } from "../../test/support/engines.ts";
import type { RawEngine } from "./raw-engine.ts";
import { RawMongo } from "./raw-mongodb.ts";
import { RawNats } from "./raw-nats.ts";
import { RawPostgres } from "./raw-postgres.ts";

interface Server {
  start: () => Promise<EngineServer>;
  raw: (url: string) => Promise<RawEngine>;
  /** The folder is for index files. */
  ours: (url: string, folder: string) => Adapter;
}

/** The engines that are servers. Each measurement starts a new one. */
export const servers = {
  postgres: { start: () => startEngine("postgres"), raw: (url) => RawPostgres.open(url), ours: (url) => postgres(url) },
  nats: {
    start: () => startEngine("nats-server"),
    raw: (url) => RawNats.open(url),
    ours: (url, folder) => nats(url, { folder }),
  },
  mongodb: {
    start: () => startEngine("mongodb"),
    raw: (url) => RawMongo.open(url),
    ours: (url, folder) => mongodb(url, { folder }),
  },
} satisfies Record<string, Server>;

export type ServerName = keyof typeof servers;

/** Starts a server for one piece of work. */
export async function withServer<Answer>(name: ServerName, work: (url: string) => Promise<Answer>): Promise<Answer> {
  const server = await servers[name].start();
  try {
    return await work(server.url);
  } finally {
    await server.stop();
  }
}
