import { checkClaims, checkCommands, checkMoney, checkNumbers, checkTransfers, type MoneyEvent } from "./check-log.ts";
import { Findings } from "./findings.ts";
import type { SentCommand } from "./load.ts";

type Given = Pick<MoneyEvent, "type" | "stream" | "payload"> & { command: string };

/** Events with the numbers that a log assigns. */
function logOf(given: readonly Given[]): MoneyEvent[] {
  const versions = new Map<string, number>();
  return given.map(({ command, ...event }, index) => {
    const version = (versions.get(event.stream) ?? 0) + 1;
    versions.set(event.stream, version);
    const position = index + 1;
    const meta = { correlationId: "c", causationId: "c", $command: { id: command, name: "any" } };
    return { ...event, id: `e${position}`, version, position, time: "2026-01-01T00:00:00.000Z", meta };
  });
}

const open = (account: string, iban: string): Given[] => [
  { type: "account.opened", stream: `account-${account}`, payload: { iban }, command: `open ${account}` },
  { type: "account.deposited", stream: `account-${account}`, payload: { amount: 10 }, command: `open ${account}` },
];
const ofTransfer = (type: string, stream: string, command: string): Given => ({
  type,
  stream,
  payload: { transfer: "t", ...(type.startsWith("account.") && { amount: 5 }) },
  command,
});
const [requested, withdrawn, deposited, completed] = [
  ofTransfer("transfer.requested", "transfer-t", "request"),
  ofTransfer("account.withdrawn", "account-a", "withdraw"),
  ofTransfer("account.deposited", "account-b", "deposit"),
  ofTransfer("transfer.completed", "transfer-t", "complete"),
] as const;
const whole = [...open("a", "A"), ...open("b", "B"), requested, withdrawn, deposited, completed];

/** The commands that resulted in the events of this log. */
function sentFor(log: readonly MoneyEvent[]): SentCommand[] {
  const byCommand = Map.groupBy(log, ({ meta }) => (meta["$command"] as { id: string }).id);
  return [...byCommand].map(([commandId, events]) => {
    const { stream, version, position } = events.at(-1)!;
    const answer = { stream, version, position, events, repeated: false };
    return { commandId, action: "any", params: {}, events: events.length, answer, refusal: null };
  });
}

function findingsOf(log: readonly MoneyEvent[], sent: readonly SentCommand[] = sentFor(logOf(whole))) {
  const findings = new Findings();
  checkNumbers(log, findings);
  checkCommands(log, sent, findings);
  checkClaims(log, findings);
  checkTransfers(log, findings);
  checkMoney(log, findings);
  return findings;
}

describe("The check of a log", () => {
  it("finds nothing in a whole one", () => {
    expect(findingsOf(logOf(whole)).examples).toEqual([]);
  });

  it("finds an acknowledged command that is not stored", () => {
    expect(findingsOf(logOf(whole.slice(2))).examples).toContainEqual(
      expect.stringMatching(/^lost: any .*command open a: was acknowledged at position 2$/),
    );
  });

  it("finds a command that is stored by half, twice, or as others than were acknowledged", () => {
    const sent = sentFor(logOf(whole));
    expect(findingsOf(logOf([whole[0]!]), sent.slice(0, 1)).counts.half).toBe(2);
    expect(findingsOf(logOf([...whole, ...open("a", "A")]), sent).examples).toContainEqual(
      expect.stringContaining("found 4 events, expected 2"),
    );
  });

  it("finds a command that was refused and stored, or never answered", () => {
    const [first, ...rest] = sentFor(logOf(whole));
    const refused = { ...first!, answer: null, refusal: "DUPLICATE_CLAIM" };
    expect(findingsOf(logOf(whole), [refused, ...rest]).counts).toEqual({ lost: 0, twice: 0, half: 1 });
    expect(findingsOf(logOf(whole), [{ ...first!, answer: null }, ...rest]).counts.lost).toBe(1);
  });

  it("finds gaps and twins among positions, versions and ids", () => {
    const log = logOf(whole);
    const count = (other: readonly MoneyEvent[]) => {
      const findings = new Findings();
      checkNumbers(other, findings);
      return findings.counts;
    };
    expect(count(log.toSpliced(4, 1)).lost).toBeGreaterThan(0);
    expect(count([...log, { ...log[7]!, position: 9 }])).toMatchObject({ twice: 2 });
  });

  it("finds a claim of two streams", () => {
    const log = logOf([...open("a", "A"), ...open("b", "A")]);
    expect(findingsOf(log, []).counts).toEqual({ lost: 0, twice: 1, half: 0 });
  });

  it("finds transfers that stopped half way, never ended, or ended twice, and the money that is gone", () => {
    const after = (...events: Given[]) =>
      findingsOf(logOf([...open("a", "A"), ...open("b", "B"), ...events]), []).counts;
    expect(after(requested, withdrawn)).toEqual({ lost: 1, twice: 0, half: 1 });
    expect(after(requested)).toEqual({ lost: 1, twice: 0, half: 0 });
    expect(after(requested, withdrawn, deposited, completed, completed)).toEqual({ lost: 0, twice: 1, half: 0 });
    expect(after(requested, withdrawn, deposited, deposited, completed)).toEqual({ lost: 0, twice: 2, half: 0 });
  });
});
