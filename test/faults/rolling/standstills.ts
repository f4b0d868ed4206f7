import type { AggregateStatus } from "moleculer-event-sourcing";
import type { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { tables, type Release, type Table } from "./shop.ts";

interface Progress {
  /** The positions of the rows, and of those that are built beside them. */
  at: string;
  since: number;
  isBehind: boolean;
}

const everyMs = 100;
const releases: readonly Release[] = [1, 2];

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
      await Promise.all(releases.flatMap((release) => tables.map((table) => this.#lookAtAll(release, table))));
      await new Promise((turn) => setTimeout(turn, everyMs));
    }
  }

  async #lookAtAll(release: Release, table: Table): Promise<void> {
    const nodes = this.#deploy.there.filter((node) => node.release === release);
    const statuses = await Promise.all(nodes.map((node) => this.#deploy.status(node, table).catch(() => null)));
    const isHeld = statuses.some((status) => status !== null && status.state !== "standby");
    for (const [index, node] of nodes.entries()) {
      const status = statuses[index] ?? null;
      // A standby advances with the node that folds. A release that waits for a newer one does not know the next event.
      const isIdle = status === null || isAwaiting(status) || (isHeld && status.state === "standby");
      if (isIdle) this.#progress.delete(`${table} ${node.nodeID}`);
      else this.#note(node, table, status);
    }
  }

  #note(node: ShopNode, table: Table, { position, lag, rebuilding }: AggregateStatus): void {
    const key = `${table} ${node.nodeID}`;
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
