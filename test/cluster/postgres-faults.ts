import { sql } from "../support/postgres-server.ts";
import { longMs, pause, victimOf, type Fault } from "./fault.ts";

export const postgresFaults: Fault[] = [
  {
    name: "PostgreSQL killed (kill -9) and restarted at once",
    async happens(site) {
      await site.servers.postgres.kill();
      await site.servers.postgres.start();
    },
  },
  {
    name: "PostgreSQL restarted in order",
    async happens(site) {
      await site.servers.postgres.kill("SIGINT");
      await site.servers.postgres.start();
    },
  },
  {
    name: "PostgreSQL stopped for 10 s",
    async happens(site) {
      await site.servers.postgres.kill("SIGINT");
      await pause(10_000);
      await site.servers.postgres.start();
    },
  },
  {
    name: "PostgreSQL frozen for 10 s",
    async happens(site) {
      site.servers.postgres.freeze();
      await pause(10_000);
      site.servers.postgres.thaw();
    },
  },
  {
    name: "a node and PostgreSQL killed, node for 12 s",
    async happens(site) {
      const victim = await victimOf(site);
      await Promise.all([victim.kill(), site.servers.postgres.kill()]);
      await site.servers.postgres.start();
      await pause(longMs);
      await victim.start();
    },
  },
  {
    name: "all sessions ended by an administrator",
    async happens(site) {
      await sql(site.servers.postgres.url, endSessions);
      await pause(5000);
    },
  },
  {
    name: "events truncated (refused by the server)",
    happens: (site) => sql(site.servers.postgres.url, `TRUNCATE ${site.logSchema}.events`).catch(() => pause(5000)),
  },
  {
    name: "the log's schema dropped",
    endsLog: true,
    async happens(site) {
      await dropSchema(site.servers.postgres.url, site.logSchema);
      await pause(longMs);
    },
  },
];

const endSessions =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

/** Repeated, because the server may choose the DROP as the victim of a deadlock with an append. */
async function dropSchema(url: string, schema: string): Promise<void> {
  try {
    await sql(url, `DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "40P01") throw error;
    await dropSchema(url, schema);
  }
}
