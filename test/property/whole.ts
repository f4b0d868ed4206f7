import { eventually } from "../support/broker.ts";
import { consumers, type History } from "./history.ts";
import type { Home } from "./places.ts";
import { plainEntries, plainRows, plainWatch, type Folded, type Rows } from "./plain-fold.ts";
import type { Consumer, ThingEvent } from "./things.ts";

/** Ends a history: resumes paused consumers, ends passing faults, and retries parked events once. */
export async function bringToRest(history: History): Promise<void> {
  await history.surviving(async () => {
    await history.built();
    for (const consumer of consumers) await history.broker.call(`${consumer}.resume`);
    await history.caughtUp();
    for (const consumer of consumers) expect(await streamsWithoutCause(history, consumer)).toEqual([]);
    history.world.isWhole = true;
    for (const consumer of consumers) await history.broker.call(`${consumer}.retry`);
    await history.caughtUp();
  });
}

/** The streams that wait although none of their events has failed. */
async function streamsWithoutCause(history: History, consumer: Consumer): Promise<string[]> {
  const parked = await history.parked(consumer);
  const first = new Map(parked.toReversed().map((event) => [event.stream, event]));
  return [...first.values()].flatMap(({ stream, error }) => (error ? [] : [stream]));
}

/** Expects every sent event to be stored once and as acknowledged. Returns the events without the system's own. */
export async function expectStored(history: History): Promise<ThingEvent[]> {
  const stored = await history.everything();
  expect(stored.map(({ position }) => position)).toEqual(stored.map((_, index) => index + 1));
  for (const { answer } of history.sent) expect(answer!.events).toEqual([stored[answer!.position - 1]]);
  const events = stored.filter(({ type }) => !type.startsWith("$"));
  expect(events.map(({ id }) => id).toSorted()).toEqual(history.sent.map(({ params }) => params.events[0].id));
  return events;
}

async function folded(history: History, consumer: Consumer): Promise<Folded> {
  const rows: { id: string }[] = await history.broker.call(`${consumer}.find`);
  const parked = await history.parked(consumer);
  return { rows: Object.fromEntries(rows.map((row) => [row.id, row])), parked: parked.map(({ id }) => id) };
}

/** The `skipped` and `isBroken` of a consumer, for the plain folds. */
export const outcomeOf = async (history: History, consumer: Consumer) => ({
  skipped: await history.skipped(consumer),
  isBroken: (event: ThingEvent) => history.world.isBroken(event),
});

/** Removes the values that depend on the order of all events, if they came in another one. */
function withoutOrder(rows: Rows): Rows {
  const { all: _, ...others } = rows;
  return others;
}

/**
 * Expects both tables to be the plain folds of the log. Returns whether a late retry has reordered the first of them.
 */
export async function expectFolded(history: History, events: readonly ThingEvent[]): Promise<boolean> {
  const rows = await folded(history, "rows");
  const plain = plainRows(events, await outcomeOf(history, "rows"));
  const { reordered }: { reordered: boolean } = await history.broker.call("rows.status");
  expect(reordered).toBe(rows.rows["all"]?.["disorder"] ?? false);
  expect(reordered ? { ...rows, rows: withoutOrder(rows.rows) } : rows).toEqual(
    reordered ? { ...plain, rows: withoutOrder(plain.rows) } : plain,
  );
  expect(await folded(history, "entries")).toEqual(plainEntries(events, await outcomeOf(history, "entries")));
  return reordered;
}

/** Expects the same tables if they are folded from the beginning in other places. */
export async function expectRebuilt(history: History, events: readonly ThingEvent[], newHome: () => Home) {
  await history.stop();
  await history.start(newHome().table);
  await history.caughtUp();
  expect(await expectFolded(history, events)).toBe(false);
}

const firsts = (numbers: readonly number[]): number[] => [...new Set(numbers)];

/** Expects each event to have been passed to the broker, in the order of the log. */
export async function expectHeard({ world }: History, events: readonly ThingEvent[]): Promise<void> {
  await eventually(() => expect(firsts(world.heard)).toEqual(events.map(({ position }) => position)));
}

/** Expects each event to be handled or parked, those of a stream in order. */
export async function expectHandled(history: History, events: readonly ThingEvent[]): Promise<void> {
  const { world } = history;
  const skipped = await history.skipped("watch");
  const isBroken = (event: ThingEvent) => world.isBroken(event);
  const parked = (await history.parked("watch")).map(({ id }) => id);
  expect(parked).toEqual(plainWatch(events, { skipped, isBroken }));
  const stuck = new Map(events.filter(({ id }) => parked.includes(id)).map(({ stream, version }) => [stream, version]));
  for (const stream of new Set(events.map((event) => event.stream))) {
    const due = events.filter((event) => event.stream === stream && event.version < (stuck.get(stream) ?? Infinity));
    const handled = world.handled.filter((event) => event.stream === stream && !skipped.has(event.id));
    expect(firsts(handled.map(({ version }) => version))).toEqual(
      due.filter(({ id }) => !skipped.has(id)).map(({ version }) => version),
    );
  }
}
