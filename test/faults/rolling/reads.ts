import type { CallingOptions, ServiceBroker } from "moleculer";
import type { ShopNode } from "./shop-node.ts";
import { addedFields, tables, total, type Release, type Table } from "./shop.ts";

type Total = { events: number } & Record<string, unknown>;

interface Seen {
  release: Release;
  events: number;
  answers: number;
}

const pauseMs = 50;

/**
 * A client that reads the total of each table from each node all the time. Each answer is compared with the last one of the
 * node, and with those before the deploy. Of a table that is not shared, a node that joins returns the rows of others until it
 * has caught up, so only the latter counts.
 */
export class Reads {
  readonly #problems: string[] = [];
  /** The number of events in the rows that were last read, by node and table. */
  readonly #seen = new Map<string, Seen>();
  readonly #floor = new Map<Table, number>();
  readonly #broker: ServiceBroker;
  readonly #shared: readonly Table[];
  readonly #loops: Promise<void>[] = [];
  #hasEnded = false;

  constructor(broker: ServiceBroker, shared: readonly Table[]) {
    this.#broker = broker;
    this.#shared = shared;
  }

  /** Reads from this node as long as it is there. */
  from(node: ShopNode): void {
    const { nodeID } = node;
    for (const table of tables)
      this.#repeat(async () => {
        if (!node.isThere) return false;
        try {
          this.#note(table, node, await this.#totalOf(table, { nodeID }));
        } catch (error) {
          if (node.isThere) this.#wrong(table, nodeID, (error as Error).message);
        }
        return true;
      });
  }

  /** Reads also from the nodes that the broker chooses, of which none must be killed. */
  fromAny(): void {
    for (const table of tables)
      this.#repeat(async () => {
        const { events } = await this.#totalOf(table).catch((error: Error) => ({ events: error.message }));
        if (typeof events === "string") this.#wrong(table, "any node", events);
        else this.#compareWithFloor(table, "any node", events);
        return true;
      });
  }

  /** Until `read` returns false. */
  #repeat(read: () => Promise<boolean>): void {
    const loop = async () => {
      while (!this.#hasEnded && this.#broker.started && (await read()))
        await new Promise((turn) => setTimeout(turn, pauseMs));
    };
    this.#loops.push(loop());
  }

  async #totalOf(table: Table, options: CallingOptions = {}): Promise<Total> {
    const params = { query: { id: total } };
    const rows = await this.#broker.call<Total[], object>(`${table}.find`, params, { timeout: 5000, ...options });
    return rows[0] ?? { events: 0 };
  }

  #wrong(table: Table, where: string, why: string): void {
    this.#problems.push(`${table} on ${where}: ${why}`);
  }

  #note(table: Table, { nodeID, release: own }: ShopNode, row: Total): void {
    const { events } = row;
    const added = addedFields[table];
    const release: Release = added === undefined ? own : row[added] == null ? 1 : 2;
    const last = this.seen(nodeID, table);
    // A node of release 1 whose table waits passes reads on, as long as a node of release 2 is there.
    if (last && release < last.release && own === 2)
      this.#wrong(table, nodeID, "rows of release 1 after those of release 2");
    if (this.#shared.includes(table) && last?.release === release && events < last.events)
      this.#wrong(table, nodeID, `${events} events after ${last.events}`);
    this.#compareWithFloor(table, nodeID, events);
    this.#seen.set(`${nodeID} ${table}`, { release, events, answers: (last?.answers ?? 0) + 1 });
  }

  #compareWithFloor(table: Table, where: string, events: number): void {
    const floor = this.#floor.get(table) ?? 0;
    if (events < floor) this.#wrong(table, where, `${events} events, and ${floor} before the deploy`);
  }

  seen(nodeID: string, table: Table): Seen | undefined {
    return this.#seen.get(`${nodeID} ${table}`);
  }

  /** From now on no answer may be older than those that these nodes have given. */
  deployBegins(nodes: readonly ShopNode[]): void {
    for (const table of tables)
      this.#floor.set(table, Math.min(...nodes.map(({ nodeID }) => this.seen(nodeID, table)?.events ?? 0)));
  }

  /** Resolves to the problems: failed reads, and rows that are older than earlier ones. */
  async end(): Promise<string[]> {
    this.#hasEnded = true;
    await Promise.all(this.#loops);
    return this.#problems;
  }
}
