import type { ParkedEvent, Verification } from "moleculer-event-sourcing";
import { tables, type History } from "./history.ts";
import { plainEntries, plainRows, type Folded } from "./plain-fold.ts";
import type { Table, ThingEvent } from "./things.ts";
import { expectFolded, outcomeOf } from "./whole.ts";

const plain = { rows: plainRows, entries: plainEntries };

/**
 * Expects rows, parked events and checkpoint to equal a fold from the beginning, except for events that a late retry
 * has reordered.
 */
export async function expectVerified(history: History, reordered: boolean): Promise<void> {
  for (const table of tables) {
    const { ok, differences, total }: Verification = await history.broker.call(`${table}.verify`);
    const others = new Set(differences.map(({ id }) => id));
    // The one row that depends on the order of all events.
    expect([...others]).toEqual(table === "rows" && reordered ? ["all"] : []);
    expect(ok).toBe(total === 0);
  }
}

/** Restores each snapshot, and a new one, with the events since. */
export async function expectRestored(history: History, events: readonly ThingEvent[]): Promise<void> {
  for (const table of tables) {
    await history.broker.call(`${table}.snapshot`);
    for (const { id } of await history.snapshots(table)) {
      await history.broker.call(`${table}.replay`, { snapshotId: id });
      // Events that were parked then are retried once.
      await history.broker.call(`${table}.retry`);
      await history.caughtUp();
      await expectVerified(history, await expectFolded(history, events));
    }
  }
}

export async function expectRebuiltHere(history: History, events: readonly ThingEvent[]): Promise<void> {
  for (const table of tables) await history.broker.call(`${table}.rebuild`);
  await history.caughtUp();
  expect(await expectFolded(history, events)).toBe(false);
  await expectVerified(history, false);
}

interface Answer {
  rows: { id: string }[];
  parked: ParkedEvent[];
}

async function answered(history: History, table: Table, action: string, params: object): Promise<Folded> {
  const { rows, parked }: Answer = await history.broker.call(`${table}.${action}`, params);
  return { rows: Object.fromEntries(rows.map((row) => [row.id, row])), parked: parked.map(({ id }) => id) };
}

/** Checks some moments from the first to the last: system events take as many positions. */
export async function expectEveryMoment(history: History, events: readonly ThingEvent[]): Promise<void> {
  const { head }: { head: number } = await history.broker.call("events.status");
  const stride = Math.ceil((head + 1) / 6);
  for (const table of tables) {
    const outcome = await outcomeOf(history, table);
    for (let position = head; position >= 0; position -= stride) {
      const until = events.filter((event) => event.position <= position);
      expect(await answered(history, table, "at", { position })).toEqual(plain[table](until, outcome));
    }
  }
}

/** Checks what-ifs without every third event, and without a whole stream. */
export async function expectWithout(history: History, events: readonly ThingEvent[]): Promise<void> {
  const ids = events.filter((_, index) => index % 3 === 1).map(({ id }) => id);
  for (const table of tables) {
    const outcome = await outcomeOf(history, table);
    const others = events.filter(({ id }) => !ids.includes(id));
    expect(await answered(history, table, "whatIf", { skip: ids })).toEqual(plain[table](others, outcome));
    const stream = "thing-1";
    const elsewhere = events.filter((event) => event.stream !== stream);
    expect(await answered(history, table, "whatIf", { skip: { stream } })).toEqual(plain[table](elsewhere, outcome));
  }
}
