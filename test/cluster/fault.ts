import type { ServiceBroker } from "moleculer";
import { eventually } from "../support/broker.ts";
import type { MoneyNode } from "./money-node.ts";
import type { Site } from "./site.ts";

/** A row of the table. */
export interface Fault {
  name: string;
  /** Injects the fault into a site under load, for its duration, and makes the repairs of an operator. */
  happens: (site: Site) => Promise<unknown>;
  /** An operator has removed the log: it contains only acknowledged events, and no consumer catches up. */
  endsLog?: boolean;
}

/** Longer than a lease, and than Moleculer needs to notice a missing node. */
export const longMs = 12_000;

export const pause = (ms: number): Promise<void> => new Promise((turn) => setTimeout(turn, ms));

const leased = ["balances", "receipts", "transfers"];

/** The node that holds the most leases; the others must continue without it. */
export async function victimOf(site: Site): Promise<MoneyNode> {
  const held = await Promise.all(site.nodes.map((node) => leasesOf(site.broker, node)));
  const most = Math.max(...held.map(({ length }) => length));
  const victim = site.nodes[held.findIndex(({ length }) => length === most)]!;
  victim.isVictim = true;
  return victim;
}

/** A node whose deadlines fire, or one whose deadlines do not. */
export async function nodeWith(site: Site, deadlines: boolean): Promise<MoneyNode> {
  const held = await Promise.all(site.nodes.map((node) => leasesOf(site.broker, node)));
  return site.nodes[held.findIndex((leases) => leases.includes("transfers") === deadlines)]!;
}

/** The consumers whose leases this node holds. */
async function leasesOf(broker: ServiceBroker, { nodeID }: MoneyNode): Promise<string[]> {
  const states = await Promise.all(
    leased.map(async (consumer) => {
      const status = await eventually(() =>
        broker.call<{ state: string }, object>(`${consumer}.status`, {}, { nodeID, timeout: 2000 }),
      );
      return { consumer, ...status };
    }),
  );
  return states.filter(({ state }) => state !== "standby").map(({ consumer }) => consumer);
}
