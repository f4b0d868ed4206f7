import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type JetStreamManager, type NatsConnection } from "nats";
import { eventually } from "../support/broker.ts";
import { EngineServer, freePort, type Engine } from "../support/engines.ts";
import { Link } from "./link.ts";

interface Member {
  name: string;
  server: EngineServer;
  port: number;
  /** Links to each of the other servers. */
  routes: Link[];
}

/**
 * No server listens here: servers reach each other only through their links, not at addresses that other servers
 * announce.
 */
const nowhere = "127.0.0.1:1";
const joinMs = 20_000;

/** Replicating servers with JetStream, with a link between each two in each direction. */
export class NatsCluster {
  readonly members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.members = members;
  }

  /** `program` is the path of nats-server; `name` is a stream that is created with a replica on each server. */
  static async start(program: string, name: string, size = 3): Promise<NatsCluster> {
    // Occasionally, servers that start at the same moment never include each other's JetStream: they are replaced.
    for (let attempt = 1; ; attempt++) {
      const cluster = new NatsCluster(await startMembers(program, size));
      try {
        const stream = { name, subjects: [name], num_replicas: size };
        await eventually(() => cluster.ask((manager) => manager.streams.add(stream)), joinMs);
        return cluster;
      } catch (error) {
        await cluster.stop();
        if (attempt === 3) throw error;
      }
    }
  }

  /** Waits until every stream has a leader, and all its replicas are up to date. */
  async isReady(): Promise<void> {
    await eventually(() =>
      this.ask(async (manager) => {
        for await (const { config, cluster } of manager.streams.list()) {
          const current = (cluster?.replicas ?? []).filter((replica) => replica.current && !replica.offline);
          if (!cluster?.leader || current.length + 1 < this.members.length)
            throw new Error(`stream ${config.name}: found ${current.length} replicas beside ${cluster?.leader}`);
        }
      }),
    );
  }

  /** The leader of a stream, on which all running servers agree. */
  async leaderOf(stream: string): Promise<Member> {
    return eventually(async () => {
      for (const { server } of this.members.filter((member) => member.server.isRunning)) {
        const leader = await asking(
          server.url,
          async (manager) => (await manager.streams.info(stream)).cluster?.leader,
        );
        const found = this.members.find(({ name }) => name === leader);
        if (found) return found;
      }
      throw new Error(`found no leader of ${stream}, expected one`);
    });
  }

  /** Calls the streams' management of one running server. */
  async ask<Answer>(work: (manager: JetStreamManager, connection: NatsConnection) => Promise<Answer>): Promise<Answer> {
    return asking(this.members.find(({ server }) => server.isRunning)!.server.url, work);
  }

  /** Makes one server the leader of the stream. Only the replicas elect it: other leaders step down until they do. */
  async lead(stream: string, { name }: Member): Promise<void> {
    await eventually(async () => {
      if ((await this.leaderOf(stream)).name === name) return;
      await this.ask((_, connection) => connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`));
      await new Promise((turn) => setTimeout(turn, 300));
      throw new Error(`found another leader of ${stream}, expected ${name}`);
    });
  }

  /** The links from and to one server. */
  linksOf(member: Member): { own: Link[]; others: Link[] } {
    const index = this.members.indexOf(member);
    const others = this.members.flatMap(({ routes }, at) =>
      at === index ? [] : routes[index < at ? index : index - 1]!,
    );
    return { own: member.routes, others };
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ server }) => server.stop()));
    await Promise.all(this.members.flatMap(({ routes }) => routes.map((link) => link.close())));
  }
}

async function startMembers(program: string, size: number): Promise<Member[]> {
  const ports: number[] = [];
  for (let index = 0; index < size; index++) ports.push(await freePort());
  return Promise.all(
    ports.map(async (routePort, index) => {
      const routes = await Promise.all(ports.filter((port) => port !== routePort).map((port) => Link.to(port)));
      const name = `s${index + 1}`;
      const server = await EngineServer.start(engineOf(name, routePort, routes), program);
      return { name, server, routes, port: Number(new URL(server.url).port) };
    }),
  );
}

function engineOf(name: string, routePort: number, routes: readonly Link[]): Engine {
  return {
    program: "nats-server",
    url: (port) => `nats://127.0.0.1:${port}`,
    prepare: (folder) =>
      writeFileSync(
        join(folder, "nats.conf"),
        `server_name: ${name}
        jetstream { store_dir: ${JSON.stringify(folder)} }
        cluster {
          name: replicated, listen: "127.0.0.1:${routePort}", advertise: "${nowhere}", no_advertise: true
          routes: [${routes.map(({ port }) => `"nats-route://127.0.0.1:${port}"`).join()}]
        }`,
      ),
    args: (port, folder) => ["--addr", "127.0.0.1", "--port", String(port), "--config", join(folder, "nats.conf")],
  };
}

async function asking<Answer>(
  url: string,
  work: (manager: JetStreamManager, connection: NatsConnection) => Promise<Answer>,
): Promise<Answer> {
  const connection = await connect({ servers: url, timeout: 2000, reconnect: false });
  try {
    return await work(await connection.jetstreamManager({ timeout: 2000 }), connection);
  } finally {
    await connection.close();
  }
}
