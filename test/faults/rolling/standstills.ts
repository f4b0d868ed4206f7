import type { AggregateStatus } from "moleculer-event-sourcing";
import type { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { tables, type Table } from "./shop.ts";

interface Progress {
  /** The positions of the rows, and of those that are built beside them. */
  at: string;
  since: number;
  isBehind: boolean;
}

const everyMs = 100;

/** Looks at the tables of each node all the time: for how long were there events to fold, and the fold did not advance? */
export class Standstills {
  /** The longest time in milliseconds, by table and release. */
  readonly longest: Record<string, number> = {};
  /** How often a table of the first release has advanced while that of the second release was behind. */
  advancesBesideBuild = 0;
  readonly #deploy: Deploy;
  readonly #progress = new Map<string, Progress>();
  readonly #loop: Promise<void>;
  #hasEnded = false;

  constructor(deploy: Deploy) {
    this.#deploy = deploy;
    this.#loop = this.#look();
  }

  async #look(): Promise<void> {
    while (!this.#hasEnded && this.#deploy.client.started) {
      await Promise.all(this.#deploy.there.flatMap((node) => tables.map((table) => this.#lookAt(node, table))));
      await new Promise((turn) => setTimeout(turn, everyMs));
    }
  }

  async #lookAt(node: ShopNode, table: Table): Promise<void> {
    const key = `${table} ${node.nodeID}`;
    const status = await this.#deploy.status(node, table).catch(() => null);
    // A release that waits for a newer one does not know the next event.
    if (status === null || isAwaiting(status)) return void this.#progress.delete(key);
    const { position, lag, rebuilding } = status;
    const before = this.#progress.get(key);
    const now = performance.now();
    const at = `${position} ${rebuilding?.done}`;
    if (before?.isBehind) {
      const standstill = `${table} of release ${node.release}`;
      this.longest[standstill] = Math.max(this.longest[standstill] ?? 0, Math.round(now - before.since));
    }
    const hasAdvanced = before?.at !== at;
    if (hasAdvanced && node.release === 1 && this.#isBuilt(table)) this.advancesBesideBuild++;
    this.#progress.set(key, {
      at,
      since: before?.isBehind && !hasAdvanced ? before.since : now,
      isBehind: lag !== 0 || rebuilding !== null,
    });
  }

  #isBuilt(table: Table): boolean {
    const newer = this.#deploy.there.filter(({ release }) => release === 2);
    return newer.some(({ nodeID }) => this.#progress.get(`${table} ${nodeID}`)?.isBehind);
  }

  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#loop;
  }
}

const isAwaiting = ({ cause }: AggregateStatus): boolean => cause?.includes("needs a release") === true;
