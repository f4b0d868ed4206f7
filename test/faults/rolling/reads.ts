import type { ServiceBroker } from "moleculer";
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
    this.#loops.push(...tables.map((table) => this.#read(table, node)));
  }

  async #read(table: Table, node: ShopNode): Promise<void> {
    const { nodeID } = node;
    while (!this.#hasEnded && node.isThere && this.#broker.started) {
      try {
        const rows = await this.#broker.call<Total[], object>(
          `${table}.find`,
          { query: { id: total } },
          { nodeID, timeout: 5000 },
        );
        this.#note(table, node, rows[0] ?? { events: 0 });
      } catch (error) {
        if (node.isThere) this.#problems.push(`${table} on ${nodeID}: ${(error as Error).message}`);
      }
      await new Promise((turn) => setTimeout(turn, pauseMs));
    }
  }

  #note(table: Table, { nodeID, release: own }: ShopNode, row: Total): void {
    const { events } = row;
    const added = addedFields[table];
    const release: Release = added === undefined ? own : row[added] == null ? 1 : 2;
    const last = this.seen(nodeID, table);
    const wrong = (why: string) => this.#problems.push(`${table} on ${nodeID}: ${why}`);
    if (last && release < last.release) wrong("rows of release 1 after those of release 2");
    if (release > own) wrong("rows of release 2");
    if (this.#shared.includes(table) && last?.release === release && events < last.events)
      wrong(`${events} events after ${last.events}`);
    const floor = this.#floor.get(table) ?? 0;
    if (events < floor) wrong(`${events} events of release ${release}, and ${floor} before the deploy`);
    this.#seen.set(`${nodeID} ${table}`, { release, events, answers: (last?.answers ?? 0) + 1 });
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
