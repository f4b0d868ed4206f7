import { randomUUID } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import { randomFrom } from "../../testing/kit/random.ts";
import { nodeOptions } from "../faults/multinode/node-options.ts";
import { newFolder, startBroker } from "../support/broker.ts";
import { seed } from "../support/chance.ts";
import type { EngineServer } from "../support/engines.ts";
import { BareWriter } from "./bare-writers.ts";
import { Link } from "./link.ts";
import { Load } from "./load.ts";
import { MoneyNode } from "./money-node.ts";
import { NatsCluster } from "./nats-cluster.ts";
import { Silence } from "./silence.ts";

export type LogEngine = "nats" | "postgres";

/** Servers that several sites share. */
export interface Servers {
  /** The server of the shared tables; on PostgreSQL also of the log. */
  postgres: EngineServer;
  /** The server for messages between nodes. */
  carrier: EngineServer;
  /** The path of nats-server. */
  program: string;
}

const portOf = (server: EngineServer) => Number(new URL(server.url).port);
export const commits = "events_commits";
export const control = "events_control";
const bareRecords = "bare";

/** Three nodes with the servers of their log, callers that load them, and a bare writer. */
export class Site {
  readonly nats: NatsCluster | null;
  readonly servers: Servers;
  readonly nodes: MoneyNode[] = [];
  readonly broker: ServiceBroker;
  readonly load: Load;
  /** Set when the site has started. */
  bare!: BareWriter;
  /** On NATS: how long the control stream has no leader. */
  bareControl: BareWriter | null = null;
  bareLinks: Link[] = [];
  readonly #consumers = new Map<string, Silence>();
  readonly #links: Link[] = [];
  readonly #id = randomUUID().slice(0, 8);

  private constructor(servers: Servers, nats: NatsCluster | null, broker: ServiceBroker) {
    this.servers = servers;
    this.nats = nats;
    this.broker = broker;
    this.load = new Load(broker, this.nodes, randomFrom(seed));
  }

  static async start(engine: LogEngine, servers: Servers): Promise<Site> {
    const nats = engine === "nats" ? await NatsCluster.start(servers.program, bareRecords) : null;
    const namespace = randomUUID();
    const broker = await startBroker([], {
      ...nodeOptions(servers.carrier.url, namespace, "callers"),
      heartbeatInterval: 1,
      heartbeatTimeout: 3,
    });
    const site = new Site(servers, nats, broker);
    try {
      for (const nodeID of ["n1", "n2", "n3"]) site.nodes.push(await site.#newNode(nodeID, namespace));
      await Promise.all(site.nodes.map((node) => node.start()));
      await broker.waitForServices(["account", "transfer", "events"]);
      await site.#startBareWriter();
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  get logSchema(): string {
    return `log_${this.#id}`;
  }

  async #newLink(port: number): Promise<Link> {
    const link = await Link.to(port);
    this.#links.push(link);
    return link;
  }

  #logLinks(): Promise<Link[]> {
    const ports = this.nats ? this.nats.members.map(({ port }) => port) : [portOf(this.servers.postgres)];
    return Promise.all(ports.map((port) => this.#newLink(port)));
  }

  async #newNode(nodeID: string, namespace: string): Promise<MoneyNode> {
    const { postgres, carrier } = this.servers;
    const links = {
      log: await this.#logLinks(),
      table: await this.#newLink(portOf(postgres)),
      carrier: await this.#newLink(portOf(carrier)),
    };
    const folder = newFolder();
    const places = {
      log: this.nats
        ? `nats://${links.log.map(({ port }) => `127.0.0.1:${port}`).join()}?replicas=3&folder=${folder}`
        : this.#inPostgres(links.log[0]!, "log"),
      shared: this.#inPostgres(links.table, "table"),
      own: `sqlite:${folder}/tallies.db`,
      effects: `${folder}/effects`,
    };
    const options = { ...places, folder, namespace, nodeID, carrier: `nats://127.0.0.1:${links.carrier.port}` };
    return new MoneyNode(options, links, (consumer) => this.#did(nodeID, consumer));
  }

  #inPostgres(link: Link, what: string): string {
    const url = new URL(this.servers.postgres.url);
    url.port = String(link.port);
    return `${url.href}?schema=${what}_${this.#id}`;
  }

  async #startBareWriter(): Promise<void> {
    this.bareLinks = await this.#logLinks();
    if (!this.nats) {
      this.bare = await BareWriter.onPostgres(this.bareLinks[0]!, this.servers.postgres.url);
      return;
    }
    await this.nats.lead(bareRecords, await this.nats.leaderOf(commits));
    this.bare = await BareWriter.onNats(this.bareLinks, bareRecords);
    this.bareControl = await BareWriter.askingNats(this.bareLinks, control);
  }

  /** A node's own table is folded on that node only; of another consumer it does not matter which node works. */
  #did(nodeID: string, consumer: string): void {
    const key = consumer === "tallies" ? `tallies/${nodeID}` : consumer;
    const silence = this.#consumers.get(key) ?? new Silence();
    this.#consumers.set(key, silence);
    silence.mark();
  }

  /** Starts measuring how long consumers pause. */
  beginToMeasure(): void {
    const bare = [this.bare, this.bareControl].flatMap((writer) => writer?.silence ?? []);
    for (const silence of [this.load.silence, ...bare, ...this.#consumers.values()]) silence.begin();
  }

  /** How long each consumer paused, in milliseconds; of nodes' own tables, the longest pause without a fault. */
  consumersStoppedMs(): Record<string, number> {
    const stopped: Record<string, number> = {};
    for (const [key, { longestMs }] of this.#consumers) {
      const [name = "", nodeID] = key.split("/");
      if (!this.nodes.find((node) => node.nodeID === nodeID)?.isVictim)
        stopped[name] = Math.max(stopped[name] ?? 0, longestMs);
    }
    return stopped;
  }

  async stop(): Promise<void> {
    // Undefined if the start has failed.
    await (this.bare as BareWriter | undefined)?.stop();
    await this.bareControl?.stop();
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.broker.stop();
    await this.nats?.stop();
    await Promise.all(this.#links.map((link) => link.close()));
  }
}
