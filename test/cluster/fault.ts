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

const leased = ["balances", "receipts", "transfers"];

/** The node that holds most leases; the others are to go on without it. */
export async function victimOf(site: Site): Promise<MoneyNode> {
  const held = await Promise.all(site.nodes.map((node) => leasesOf(site.broker, node)));
  const most = Math.max(...held.map(({ length }) => length));
  const victim = site.nodes[held.findIndex(({ length }) => length === most)]!;
  victim.isVictim = true;
  return victim;
}

/** The node whose deadlines fire, or one whose do not. */
export async function nodeWith(site: Site, deadlines: boolean): Promise<MoneyNode> {
  const held = await Promise.all(site.nodes.map((node) => leasesOf(site.broker, node)));
  return site.nodes[held.findIndex((leases) => leases.includes("transfers") === deadlines)]!;
}

/** The consumers that this node works for. */
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
