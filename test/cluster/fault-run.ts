import { checkEffects, checkSameLog, checkTable, readLog } from "./check-consumers.ts";
import { checkClaims, checkCommands, checkMoney, checkNumbers, checkTransfers, type MoneyEvent } from "./check-log.ts";
import { pause, type Fault } from "./fault.ts";
import { Findings, type Kind } from "./findings.ts";
import { settle } from "./settle.ts";
import { Site, type LogEngine, type Servers } from "./site.ts";

export interface Row {
  engine: LogEngine;
  fault: string;
  acknowledged: number;
  counts: Record<Kind, number>;
  examples: string[];
  repeatedEffects: number;
  appendsStoppedMs: number;
  bareStoppedMs: number;
  /** How long the control stream had no leader; null: the engine has no such stream. */
  controlStoppedMs: number | null;
  consumersStoppedMs: Record<string, number>;
  /** The callers' errors: their number by type. */
  failures: Record<string, number>;
}

const beforeMs = 4000;
const afterMs = 5000;

/** Runs a fault on a new site under load, then waits for it to catch up, and checks it. */
export async function runFault(fault: Fault, engine: LogEngine, servers: Servers): Promise<Row> {
  const site = await Site.start(engine, servers);
  try {
    await site.load.begin();
    await pause(beforeMs);
    site.beginToMeasure();
    await fault.happens(site);
    await pause(afterMs);
    const measured = {
      appendsStoppedMs: site.load.silence.longestMs,
      bareStoppedMs: site.bare.silence.longestMs,
      controlStoppedMs: site.bareControl?.silence.longestMs ?? null,
      consumersStoppedMs: site.consumersStoppedMs(),
    };
    await site.load.end();
    const findings = new Findings();
    const repeatedEffects = await check(site, fault, findings);
    return {
      engine,
      fault: fault.name,
      acknowledged: site.load.acknowledged,
      counts: findings.counts,
      examples: findings.examples,
      repeatedEffects,
      ...measured,
      failures: Object.fromEntries(site.load.failures),
    };
  } finally {
    await site.stop();
  }
}

async function check({ broker, nodes, load }: Site, { endsLog }: Fault, findings: Findings): Promise<number> {
  for (const { nodeID, ended } of nodes) if (ended !== null) findings.add("lost", `${nodeID} ended with ${ended}`);
  if (!endsLog) for (const late of await settle(broker, nodes)) findings.add("lost", `not caught up: ${late}`);
  let log: MoneyEvent[];
  try {
    log = await readLog(broker, nodes[0]!);
  } catch (error) {
    // A refusal is expected if the log no longer exists.
    const what = `the log cannot be read: ${(error as Error).message}`;
    if (endsLog) findings.examples.push(what);
    else findings.add("lost", what);
    return 0;
  }
  checkNumbers(log, findings);
  checkCommands(log, load.sent, findings);
  checkClaims(log, findings);
  if (endsLog) return 0;
  checkTransfers(log, findings);
  checkMoney(log, findings);
  await checkSameLog(broker, nodes, log, findings);
  for (const node of nodes)
    for (const table of ["balances", "tallies"]) await checkTable(broker, table, node, log, findings);
  return checkEffects(nodes, log, findings);
}
