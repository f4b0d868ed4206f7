import type { ServiceBroker } from "moleculer";
import type { Verification } from "moleculer-event-sourcing";
import { eventually } from "../support/broker.ts";
import { plainBalances, type MoneyEvent } from "./check-log.ts";
import type { Findings } from "./findings.ts";
import type { MoneyNode } from "./money-node.ts";
import type { Tally } from "./money-services.ts";
import { eventsIn } from "../support/pages.ts";

const timeoutMs = 10_000;

/** The whole log, read through this node. */
export async function readLog(broker: ServiceBroker, { nodeID }: MoneyNode): Promise<MoneyEvent[]> {
  const log: MoneyEvent[] = [];
  for (;;) {
    const after = log.at(-1)?.position ?? 0;
    const page = await eventually(
      () =>
        eventsIn(
          broker.call<{ events: MoneyEvent[] }, object>(
            "events.read",
            { after, limit: 1000 },
            { nodeID, timeout: 5000 },
          ),
        ),
      timeoutMs,
    );
    if (page.length === 0) return log;
    log.push(...page);
  }
}

/** Checks that every node has the same log. */
export async function checkSameLog(
  broker: ServiceBroker,
  nodes: readonly MoneyNode[],
  log: readonly MoneyEvent[],
  findings: Findings,
): Promise<void> {
  for (const node of nodes) {
    const other = await readLog(broker, node);
    const at = log.findIndex((event, index) => JSON.stringify(event) !== JSON.stringify(other[index]));
    if (at >= 0 || other.length !== log.length)
      findings.add("lost", `${node.nodeID} has ${other.length} events of ${log.length}, other ones from index ${at}`);
  }
}

/** Checks that a node's table matches the log, by `verify` and by a plain loop. */
export async function checkTable(
  broker: ServiceBroker,
  table: string,
  { nodeID }: MoneyNode,
  log: readonly MoneyEvent[],
  findings: Findings,
): Promise<void> {
  const options = { nodeID, timeout: 60_000 };
  const { ok, differences, total }: Verification = await eventually(
    () => broker.call(`${table}.verify`, {}, options),
    timeoutMs,
  );
  if (!ok) findings.add("half", `${table} on ${nodeID}: verify found ${total} as ${JSON.stringify(differences[0])}`);
  const rows = await broker.call<Tally[], object>(`${table}.find`, { limit: 10_000 }, options);
  const expected = plainBalances(log);
  for (const { id, balance, movements } of rows) {
    const plain = expected.get(id);
    expected.delete(id);
    if (plain?.balance === balance && plain.movements === movements) continue;
    const isMissing = plain !== undefined && movements < plain.movements;
    findings.add(
      isMissing ? "lost" : "twice",
      `${table} on ${nodeID}, ${id}: found ${balance} after ${movements}, expected ${JSON.stringify(plain)}`,
    );
  }
  for (const id of expected.keys()) findings.add("lost", `${table} on ${nodeID}: no row of ${id}`);
}

/** Checks that each event was handled. @returns the number of repeated effects, which are allowed */
export function checkEffects(nodes: readonly MoneyNode[], log: readonly MoneyEvent[], findings: Findings): number {
  const effects = nodes.flatMap((node) => node.effects);
  const handled = new Set(effects);
  for (const { id, position, type } of log)
    if (type.startsWith("account.") && !handled.delete(id))
      findings.add("lost", `the subscription never handled ${type} at ${position}`);
  for (const id of handled) findings.add("half", `the subscription handled ${id}, which is not in the log`);
  return effects.length - new Set(effects).size;
}
