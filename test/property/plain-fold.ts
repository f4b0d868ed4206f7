import type { ThingEvent } from "./things.ts";

export type Rows = Record<string, Record<string, unknown>>;

export interface Folded {
  rows: Rows;
  /** The ids of the parked events, including waiting ones, in the order of the log. */
  parked: string[];
}

interface Outcome {
  skipped: ReadonlySet<string>;
  isBroken: (event: ThingEvent) => boolean;
}

/** Walks the log; if `fold` returns false or the event is broken, its stream waits from there on. */
function walk(events: readonly ThingEvent[], { skipped, isBroken }: Outcome, fold: (event: ThingEvent) => boolean) {
  const waiting = new Set<string>();
  const parked: string[] = [];
  for (const event of events) {
    if (skipped.has(event.id)) continue;
    if (!waiting.has(event.stream) && !isBroken(event) && fold(event)) continue;
    waiting.add(event.stream);
    parked.push(event.id);
  }
  return parked;
}

/** The table `rows`, computed with a plain loop. */
export function plainRows(events: readonly ThingEvent[], outcome: Outcome): Folded {
  const rows: Rows = {};
  let sum = 0;
  const parked = walk(events, outcome, ({ stream, version, position, type, payload: { n } }) => {
    const row = rows[stream] as { sum: number; count: number } | undefined;
    if (type === "thing.created" && row) return false;
    if (type === "thing.removed") delete rows[stream];
    else
      rows[stream] = {
        id: stream,
        sum: (row?.sum ?? 0) + n,
        count: (row?.count ?? 0) + 1,
        last: version,
        disorder: null,
      };
    sum = (sum * 31 + position) % 1_000_003;
    rows["all"] = { id: "all", sum, count: null, last: position, disorder: false };
    return true;
  });
  return { rows, parked };
}

/** The table `entries`, computed with a plain loop. */
export function plainEntries(events: readonly ThingEvent[], outcome: Outcome): Folded {
  let rows: Rows = {};
  const parked = walk(events, outcome, ({ id, stream, type, payload: { n } }) => {
    const own = Object.values(rows).filter((row) => row["stream"] === stream);
    if (type === "thing.removed")
      rows = Object.fromEntries(Object.entries(rows).filter(([, row]) => row["stream"] !== stream));
    else
      for (const [index, value] of [n, -n].entries())
        rows[`${id}-${index}`] = { id: `${id}-${index}`, stream, n: value, nth: own.length + index };
    return true;
  });
  return { rows, parked };
}

/** The events that the subscription has parked: all that it has not handled stay behind the first of their stream. */
export function plainWatch(events: readonly ThingEvent[], outcome: Outcome): string[] {
  const first = new Map<string, string>();
  for (const id of walk(events, outcome, () => true)) {
    const { stream } = events.find((event) => event.id === id)!;
    if (!first.has(stream)) first.set(stream, id);
  }
  return [...first.values()];
}
