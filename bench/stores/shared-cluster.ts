import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { nodeOptions } from "../../test/faults/multinode/node-options.ts";
import { startEngine, type EngineServer } from "../../test/support/engines.ts";
import { eventType, payloadOf, streamOf } from "../events.ts";
import type { TableKind } from "../shared-services.ts";
import { storeName, tableName } from "./ours.ts";
import { SharedNode, type SharedNodeOptions } from "./shared-node.ts";

/** The `status` of the table on one node. */
export interface TableStatus {
  state: string;
  position: number;
  lag: number | null;
  stale: boolean;
  rebuilding: null | { done: number; total: number; secondsLeft: number | null };
}

type Options = Omit<SharedNodeOptions, "nodeID" | "version">;

const perAppend = 10;

/** Two nodes in separate processes that share a log and a table, and a client in this process. */
export class SharedCluster {
  readonly client: ServiceBroker;
  readonly #nodes = new Map<string, SharedNode>();
  readonly #options: Options;
  readonly #servers: readonly EngineServer[];
  #appended = 0;

  private constructor(options: Options, servers: readonly EngineServer[]) {
    this.#options = options;
    this.#servers = servers;
    this.client = new ServiceBroker({ ...nodeOptions(options.carrier, "bench", "client"), logger: false });
  }

  static async start(engine: "nats" | "postgres", kind: TableKind, folder: string): Promise<SharedCluster> {
    const carrier = await startEngine("nats-server built here");
    const server = await startEngine("postgres");
    const log = { engine, url: engine === "nats" ? carrier.url : server.url };
    const options = { carrier: carrier.url, log, table: server.url, folder, kind };
    const cluster = new SharedCluster(options, [carrier, server]);
    await cluster.client.start();
    for (const nodeID of ["first", "second"]) await cluster.join(nodeID, 1);
    return cluster;
  }

  async join(nodeID: string, version: number): Promise<void> {
    const folder = join(this.#options.folder, nodeID);
    mkdirSync(folder, { recursive: true });
    this.#nodes.set(nodeID, await SharedNode.start({ ...this.#options, folder, nodeID, version }));
    await this.client.waitForServices(tableName, 60_000, 1);
    await this.until(async () => (await this.status(nodeID)).state !== "waiting");
  }

  async leave(nodeID: string): Promise<void> {
    await this.#nodes.get(nodeID)?.stop();
    this.#nodes.delete(nodeID);
  }

  ask<Answer>(nodeID: string, action: string, params = {}, meta = {}): Promise<Answer> {
    return this.client.call(`${tableName}.${action}`, params, { nodeID, meta, timeout: 0 });
  }

  status(nodeID: string): Promise<TableStatus> {
    return this.ask(nodeID, "status");
  }

  /** Appends `count` events with several callers, at most `perSecond`, until done or stopped. */
  async append(count: number, callers: number, perSecond = Infinity, isOver = () => false): Promise<void> {
    const since = performance.now();
    let begun = 0;
    const caller = async () => {
      while (begun < count && !isOver()) {
        const number = begun / perAppend;
        begun += perAppend;
        const early = (number * perAppend * 1000) / perSecond - (performance.now() - since);
        if (early > 0) await wait(early);
        await this.#appendOnce();
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
  }

  async #appendOnce(): Promise<void> {
    const first = this.#appended;
    this.#appended += perAppend;
    const entity = String(Math.floor(first / 100));
    const events = Array.from({ length: perAppend }, (_, index) => ({
      type: eventType,
      payload: payloadOf(entity, first + index),
    }));
    // With a command id the append is stored once, even if a node that stops loses the response.
    const params = { stream: streamOf(entity), events };
    const headers = { commandId: `append-${first}` };
    await this.client.call(`${storeName}.append`, params, { timeout: 10_000, retries: 5, headers });
  }

  get appended(): number {
    return this.#appended;
  }

  /** Resolves when the node's rows include the event at `position`. */
  async folded(nodeID: string, position: number): Promise<void> {
    await this.ask(nodeID, "resolve", { id: "none" }, { readAfter: { [storeName]: position } });
  }

  async until(isTrue: () => Promise<boolean>): Promise<void> {
    while (!(await isTrue().catch(() => false))) await wait(50);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    await this.client.stop();
    for (const server of this.#servers) await server.stop();
  }
}
