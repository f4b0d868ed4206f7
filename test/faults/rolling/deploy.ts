import { randomUUID } from "node:crypto";
import type { AggregateStatus, ConsumerStatus, StoreStatus } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { eventually, startBroker } from "../../support/broker.ts";
import { eventsIn } from "../../support/pages.ts";
import { nodeOptions } from "../multinode/node-options.ts";
import type { StoredEvent } from "./plain-shop.ts";
import { Reads } from "./reads.ts";
import { ShopNode } from "./shop-node.ts";
import { consumers, filled, tables, type Places, type Release, type Table } from "./shop.ts";
import { Writers } from "./writers.ts";

export interface Site {
  /** The URL of the NATS server between the nodes. */
  transporter: string;
  /** The tables that are one for all nodes. */
  shared: readonly Table[];
  /** The places of a node, by its name. */
  places: (name: string) => Places;
}

/** A long log takes minutes on a busy machine. */
const patienceMs = 300_000;
const patiently = <Answer>(ask: () => Answer | Promise<Answer>) => eventually(ask, patienceMs);

const clientOptions = { heartbeatInterval: 1, heartbeatTimeout: 5, requestTimeout: 10_000 };

/** A site at which releases are deployed: its nodes, a client, and listeners on two further nodes. */
export class Deploy {
  readonly client: ServiceBroker;
  readonly reads: Reads;
  readonly nodes: ShopNode[] = [];
  /** The positions of the events that the listeners have heard, in order. */
  readonly heard: number[];
  readonly #site: Site;
  readonly #namespace: string;
  #writers: Writers | null = null;
  readonly #ended: Writers[] = [];

  private constructor(site: Site, namespace: string, client: ServiceBroker, heard: number[]) {
    this.#site = site;
    this.#namespace = namespace;
    this.client = client;
    this.heard = heard;
    this.reads = new Reads(client, site.shared);
  }

  static async at(site: Site): Promise<Deploy> {
    const namespace = randomUUID();
    const heard: number[] = [];
    const hear = (ctx: { params: StoredEvent }) => void heard.push(ctx.params.position);
    const listener = { name: "listener", events: { "order.**": hear, "bill.**": hear } };
    const [client] = await Promise.all(
      ["client", "listener"].map((nodeID) =>
        startBroker([listener], { ...nodeOptions(site.transporter, namespace, nodeID), ...clientOptions }),
      ),
    );
    return new Deploy(site, namespace, client!, heard);
  }

  /** Starts a node of the release, and reads from it from then on. A name that returns has the places of before. */
  async start(release: Release, ...names: string[]): Promise<ShopNode[]> {
    const { transporter, places } = this.#site;
    const started = names.map(
      (name) =>
        new ShopNode({
          name,
          transporter,
          namespace: this.#namespace,
          nodeID: `${name}-${release}`,
          release,
          places: places(name),
        }),
    );
    await Promise.all(started.map((node) => node.start()));
    for (const node of started) {
      // The client hears of one service after the other.
      for (const name of consumers) await patiently(() => this.status(node, name));
      this.reads.from(node);
    }
    this.nodes.push(...started);
    return started;
  }

  /** The tables that are one for all nodes. */
  get shared(): readonly Table[] {
    return this.#site.shared;
  }

  get there(): ShopNode[] {
    return this.nodes.filter(({ isThere }) => isThere);
  }

  write(): Writers {
    this.#writers = new Writers(this.client, () => this.there);
    this.#ended.push(this.#writers);
    return this.#writers;
  }

  /** Resolves when every command is acknowledged. */
  async stopWriting(): Promise<void> {
    await this.#writers?.end();
  }

  /** Resolves when each of the nodes that are there has acknowledged further commands. */
  async written(more = 5): Promise<void> {
    const writers = this.#writers!;
    const before = new Map(writers.byNode);
    await patiently(() => {
      for (const { nodeID } of this.there) {
        const written = (writers.byNode.get(nodeID) ?? 0) - (before.get(nodeID) ?? 0);
        if (written < more)
          throw new Error(`${nodeID} has acknowledged ${written} commands: ${String(writers.refused[0])}`);
      }
    });
  }

  /** The position of each acknowledged event, by its id. */
  get acknowledged(): Map<string, number> {
    return new Map(this.#ended.flatMap(({ acknowledged }) => [...acknowledged]));
  }

  get refused(): unknown[] {
    return this.#ended.flatMap(({ refused }) => refused);
  }

  status<Status = AggregateStatus & ConsumerStatus>(node: ShopNode, service: string): Promise<Status> {
    return this.client.call<Status, object>(`${service}.status`, {}, { nodeID: node.nodeID, timeout: 3000 });
  }

  storeStatus(node: ShopNode): Promise<StoreStatus> {
    return this.status<StoreStatus>(node, "events");
  }

  /** Waits until these consumers of a node, or of all nodes of its release, are at the end of the log. */
  async caughtUp(node: ShopNode, names: readonly string[] = consumers): Promise<void> {
    await patiently(async () => {
      for (const name of names) {
        const { lag, state, cause } = await this.status(node, name);
        if (lag !== 0) throw new Error(`${name} on ${node.nodeID} is ${state}, ${lag} behind: ${cause}`);
      }
    });
  }

  /** Waits until reads of these nodes show rows of their own release. */
  async showRows(...nodes: ShopNode[]): Promise<void> {
    for (const node of nodes)
      for (const table of tables)
        await patiently(async () => {
          const release = this.reads.seen(node.nodeID, table)?.release;
          if (release === node.release) return;
          const status = JSON.stringify(await this.status(node, table));
          throw new Error(`${table} on ${node.nodeID} shows rows of release ${release}: ${status}`);
        });
  }

  /** Waits until reads of this node show further events in these tables. */
  async showsMore({ nodeID }: ShopNode, ...names: readonly Table[]): Promise<void> {
    const before = names.map((table) => this.reads.seen(nodeID, table)!.events);
    await patiently(() => {
      for (const [index, table] of names.entries())
        if (this.reads.seen(nodeID, table)!.events < before[index]! + 3)
          throw new Error(`${table} on ${nodeID} stands still at ${before[index]}`);
    });
  }

  /** Appends events that both releases know, in streams of their own. */
  async fill(count: number): Promise<void> {
    const perAppend = 500;
    for (let n = 0; n < count / perAppend; n++) {
      const isNote = n % 2 === 0;
      const event = (index: number) =>
        isNote
          ? { type: "order.noted", payload: { text: "filled" } }
          : { type: "bill.added", payload: { id: `${filled}${n}.${index}`, euros: index % 100 } };
      await this.client.call("events.append", {
        stream: `${isNote ? "order" : "bill"}-${filled}${n}`,
        events: Array.from({ length: perAppend }, (_, index) => event(index)),
      });
    }
  }

  /** The log as it is stored, without the framework's own events. */
  async log(): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (let after = 0; ;) {
      const page = await patiently(() =>
        eventsIn(this.client.call<{ events: StoredEvent[] }, object>("events.read", { raw: true, after, limit: 1000 })),
      );
      if (page.length === 0) return events.filter(({ type }) => !type.startsWith("$"));
      events.push(...page);
      after = page.at(-1)!.position;
    }
  }

  /** The whole table as this node itself has it, ordered by id: what another node passes on is not passed on again. */
  async rows(node: ShopNode, table: Table): Promise<object[]> {
    const rows: object[] = [];
    for (;;) {
      const page = await this.client.call<object[], object>(
        `${table}.find`,
        { sort: "id", limit: 1000, offset: rows.length },
        { nodeID: node.nodeID, headers: { $passedOn: true } },
      );
      if (page.length === 0) return rows;
      rows.push(...page);
    }
  }
}
