import { isDeepStrictEqual } from "node:util";
import type { Row } from "../../../core/rows/fields.ts";
import type { Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { unequalRows } from "./row-differences.ts";

/** One value that is not what the log says. */
export interface Difference {
  /** A row's id, the id of a parked event, or "checkpoint". */
  id: string;
  /** A field of the row; "id" where the row or its counterpart is missing, "parked" of an event. */
  field: string;
  found: unknown;
  expected: unknown;
}

export interface Verification {
  ok: boolean;
  position: number;
  rows: number;
  /** The first 100. */
  differences: Difference[];
  /** How many differences there are. */
  total: number;
}

interface Found {
  generation: Generation;
  progress: Progress;
}

const mostListed = 100;
/** Not whether it was reordered: the rows say whether that did any harm. */
const checkpointFields = ["position", "positionId", "folded", "log"] as const satisfies (keyof Progress)[];

/** The events of a stream behind a version, up to where the table is folded, but for those that were given up. */
type Waiting = (stream: string, afterVersion: number) => AsyncIterable<{ id: string; version: number }>;

/** Compares a table with what a fold of the log from the beginning came to. `turn` is awaited now and then, and may throw. */
export async function verification(
  found: Found,
  expected: Found & { streams: readonly ParkedStream[] },
  waiting: Waiting,
  turn: () => Promise<void>,
): Promise<Verification> {
  const differences: Difference[] = [];
  let total = 0;
  const note = (difference: Difference) => {
    if (total++ < mostListed) differences.push(difference);
  };
  compareProgress(found.progress, expected.progress, note);
  await compareParked(await found.generation.parked(), expected.streams, waiting, note);
  const everything = { where: null, search: null };
  const [here, there] = [found.generation.rows, expected.generation.rows];
  for await (const row of unequalRows({ rows: here, query: everything }, { rows: there, query: everything }, turn))
    compareRows(row.id, row.before, row.after, note);
  const rows = await here.count({ ...everything, sort: [], limit: null, offset: 0 });
  return { ok: total === 0, position: found.progress.position, rows, differences, total };
}

type Note = (difference: Difference) => void;

function compareProgress(found: Progress, expected: Progress, note: Note): void {
  for (const field of checkpointFields)
    if (found[field] !== expected[field])
      note({ id: "checkpoint", field, found: found[field], expected: expected[field] });
}

/** An event that waits behind another has no error of its own. */
const whyParked = (stream: ParkedStream | undefined, version: number) => {
  if (!stream || version < firstParked(stream)) return null;
  return version === stream.version ? stream.error?.message : "waits behind an earlier event of its stream";
};

/** The version from which on the stream's events are set aside. */
const firstParked = ({ version, error }: ParkedStream): number => (error ? version : version + 1);

async function compareParked(
  found: readonly ParkedStream[],
  expected: readonly ParkedStream[],
  waiting: Waiting,
  note: Note,
): Promise<void> {
  const [here, there] = [byName(found), byName(expected)];
  for (const stream of new Set([...here.keys(), ...there.keys()])) {
    const [one, other] = [here.get(stream), there.get(stream)];
    const [from, to] = [one, other]
      .map((parked) => (parked ? firstParked(parked) : Infinity))
      .toSorted((a, b) => a - b);
    if (from === to) continue;
    for await (const { id, version } of waiting(stream, from! - 1)) {
      if (version >= to!) break;
      note({ id, field: "parked", found: whyParked(one, version), expected: whyParked(other, version) });
    }
  }
}

const byName = (streams: readonly ParkedStream[]) => new Map(streams.map((one) => [one.stream, one]));

function compareRows(id: string, found: Row | null, expected: Row | null, note: Note): void {
  if (!found || !expected) return note({ id, field: "id", found: found?.id ?? null, expected: expected?.id ?? null });
  for (const field of Object.keys(expected))
    if (!isDeepStrictEqual(found[field], expected[field]))
      note({ id, field, found: found[field] ?? null, expected: expected[field] });
}
