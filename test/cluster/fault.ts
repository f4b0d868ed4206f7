import type { ServiceBroker } from "moleculer";
import { eventually } from "../support/broker.ts";
import type { MoneyNode } from "./money-node.ts";
import type { Site } from "./site.ts";

/** A row of the table. */
export interface Fault {
  name: string;
  /** Lets it happen to a site that is loaded, for as long as it lasts, and repairs what an operator would. */
  happens: (site: Site) => Promise<unknown>;
  /** The log is gone by an operator's own hand: only what is acknowledged must be in it, and nothing catches up. */
  endsLog?: boolean;
}

/** Longer than a lease lives, and a node is missed. */
export const longMs = 12_000;

export const pause = (ms: number): Promise<void> => new Promise((turn) => setTimeout(turn, ms));

/** The node that holds most leases; the others are to go on without it. */
export async function victimOf(site: Site): Promise<MoneyNode> {
  const victim = (await byLeases(site)).at(-1)!;
  victim.isVictim = true;
  return victim;
}

/** The nodes, that with the fewest leases first. */
export async function byLeases(site: Site): Promise<MoneyNode[]> {
  const held = await Promise.all(site.nodes.map(async (node) => ({ node, leases: await leasesOf(site.broker, node) })));
  return held.toSorted((one, other) => one.leases - other.leases).map(({ node }) => node);
}

async function leasesOf(broker: ServiceBroker, { nodeID }: MoneyNode): Promise<number> {
  const states = await Promise.all(
    ["balances", "receipts", "transfers"].map(async (consumer) => {
      const status = await eventually(() =>
        broker.call<{ state: string }, object>(`${consumer}.status`, {}, { nodeID, timeout: 2000 }),
      );
      return status.state;
    }),
  );
  return states.filter((state) => state !== "standby").length;
}
