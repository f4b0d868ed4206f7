import type { RecordedEvent } from "moleculer-event-sourcing";
import type { Findings } from "./findings.ts";
import { accounts, type SentCommand } from "./load.ts";

export type MoneyEvent = RecordedEvent<
  string,
  { iban?: string; amount?: number; transfer?: string | null; from?: string; to?: string }
>;

/** Checks that positions and the versions of each stream run from 1 without a gap, and that no id occurs twice. */
export function checkNumbers(log: readonly MoneyEvent[], findings: Findings): void {
  const versions = new Map<string, number>();
  const ids = new Set<string>();
  for (const [index, { id, position, stream, version }] of log.entries()) {
    const expected = (versions.get(stream) ?? 0) + 1;
    if (position !== index + 1) findings.add("lost", `position ${index + 1}: found ${position}`);
    if (version !== expected)
      findings.add(version > expected ? "lost" : "twice", `${stream}: found version ${version}, expected ${expected}`);
    if (ids.has(id)) findings.add("twice", `event ${id} is stored twice`);
    ids.add(id);
    versions.set(stream, version);
  }
}

/** Checks that each acknowledged command is stored once and completely, and each refused one is not stored. */
export function checkCommands(log: readonly MoneyEvent[], sent: readonly SentCommand[], findings: Findings): void {
  const stored = Map.groupBy(log, ({ meta }) => (meta["$command"] as { id: string } | undefined)?.id ?? "");
  for (const { commandId, action, params, events, answer, refusal } of sent) {
    const found = stored.get(commandId) ?? [];
    const name = `${action} ${JSON.stringify(params)}, command ${commandId}`;
    if (refusal && found.length > 0) findings.add("half", `${name}: refused with ${refusal}, and stored`);
    if (found.length > events) findings.add("twice", `${name}: found ${found.length} events, expected ${events}`);
    if (found.length > 0 && found.length < events)
      findings.add("half", `${name}: found ${found.length} events, expected ${events}`);
    if (!answer && !refusal) findings.add("lost", `${name}: was never answered`);
    if (!answer) continue;
    if (found.length === 0) findings.add("lost", `${name}: was acknowledged at position ${answer.position}`);
    else if (answer.events.some(({ id, position }) => !found.some((one) => one.id === id && one.position === position)))
      findings.add("half", `${name}: other events are stored than were acknowledged`);
  }
}

/** Checks that each claim belongs to one stream. */
export function checkClaims(log: readonly MoneyEvent[], findings: Findings): void {
  const opened = log.filter(({ type }) => type === "account.opened");
  for (const [iban, events] of Map.groupBy(opened, ({ payload }) => payload.iban))
    if (events.length > 1) findings.add("twice", `${iban} is claimed by ${events.map(({ stream }) => stream).join()}`);
}

/**
 * Checks that each transfer has ended once, with both of its movements or with none, so that no money is created or
 * lost.
 */
export function checkTransfers(log: readonly MoneyEvent[], findings: Findings): void {
  const byTransfer = Map.groupBy(log, ({ payload }) => payload.transfer ?? "");
  byTransfer.delete("");
  for (const [transfer, events] of byTransfer) {
    const count = (type: string) => events.filter((event) => event.type === type).length;
    const [out, into] = [count("account.withdrawn"), count("account.deposited")];
    const [completed, failed] = [count("transfer.completed"), count("transfer.failed")];
    const name = `transfer ${transfer}: ${out} withdrawn, ${into} deposited, ${completed} completed, ${failed} failed`;
    if ([out, into, completed, failed, count("transfer.requested")].some((times) => times > 1))
      findings.add("twice", name);
    else if (out !== into || (out > 0 && completed === 0)) findings.add("half", name);
    else if (completed + failed !== 1) findings.add("lost", `${name}: it has not ended`);
  }
}

/** The accounts' balances by a plain loop. */
export function plainBalances(log: readonly MoneyEvent[]): Map<string, { balance: number; movements: number }> {
  const balances = new Map<string, { balance: number; movements: number }>();
  for (const { type, stream, payload } of log) {
    if (type !== "account.deposited" && type !== "account.withdrawn") continue;
    const account = stream.slice("account-".length);
    const { balance, movements } = balances.get(account) ?? { balance: 0, movements: 0 };
    const amount = type === "account.deposited" ? payload.amount! : -payload.amount!;
    balances.set(account, { balance: balance + amount, movements: movements + 1 });
  }
  return balances;
}

/** Checks that the sum of all balances equals the deposits. */
export function checkMoney(log: readonly MoneyEvent[], findings: Findings): void {
  const paidIn = log
    .filter(({ type, payload }) => type === "account.deposited" && !payload.transfer)
    .reduce((sum, { payload }) => sum + payload.amount!, 0);
  const held = [...plainBalances(log).values()].reduce((sum, { balance }) => sum + balance, 0);
  if (held === paidIn) return;
  findings.add(held < paidIn ? "lost" : "twice", `accounts as ${accounts[0]} hold ${held}, ${paidIn} was paid in`);
}
