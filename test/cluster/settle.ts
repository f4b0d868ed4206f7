import type { ServiceBroker } from "moleculer";
import type { AggregateStatus, ProcessSummary } from "moleculer-event-sourcing";
import { eventually } from "../support/broker.ts";
import type { MoneyNode } from "./money-node.ts";
import { processesIn } from "../support/pages.ts";

const consumers = ["balances", "tallies", "receipts", "transfers"];
const withinMs = 90_000;
const askMs = 5000;

/**
 * Waits until every consumer on every node has caught up, and every process has ended. Resolves to those that have not
 * in time.
 */
export async function settle(broker: ServiceBroker, nodes: readonly MoneyNode[]): Promise<string[]> {
  try {
    await eventually(async () => {
      const late = (await Promise.all([...nodes.map((node) => lateOn(broker, node)), runningProcesses(broker)])).flat();
      if (late.length > 0) throw new Error(late.join("; "));
    }, withinMs);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

async function lateOn(broker: ServiceBroker, { nodeID }: MoneyNode): Promise<string[]> {
  const found = await Promise.all(
    consumers.map(async (consumer) => {
      const name = `${consumer} on ${nodeID}`;
      try {
        const options = { nodeID, timeout: askMs };
        const { lag, parked, state, cause }: AggregateStatus = await broker.call(`${consumer}.status`, {}, options);
        if (lag === 0 && parked === 0) return [];
        return [`${name}: ${state}, ${parked} parked, ${lag} behind${cause ? `, ${cause}` : ""}`];
      } catch (error) {
        return [`${name}: ${(error as Error).message}`];
      }
    }),
  );
  return found.flat();
}

async function runningProcesses(broker: ServiceBroker): Promise<string[]> {
  const running: ProcessSummary[] = await processesIn(
    broker.call("transfers.processes", { limit: 1000 }, { timeout: askMs }),
  );
  return running.length === 0 ? [] : [`${running.length} processes have not ended, as ${JSON.stringify(running[0])}`];
}
