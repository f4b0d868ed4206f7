import { isDeepStrictEqual } from "node:util";
import type { Row } from "../../../core/rows/fields.ts";
import type { Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import { parkedIn } from "../fold/stored-parked.ts";
import { unequalRows } from "./row-differences.ts";

/** One value that differs from a fold of the log. */
export interface Difference {
  /** A row's id, the id of a parked event, or "checkpoint". */
  id: string;
  /** A field of the row; "id" if the row or its counterpart is missing; "parked" for an event. */
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
  /** The number of differences. */
  total: number;
}

interface Found {
  generation: Generation;
  progress: Progress;
}

const mostListed = 100;
/** Without `reordered`: if reordering had an effect, the rows differ. */
const checkpointFields = ["position", "positionId", "folded", "log"] as const satisfies (keyof Progress)[];

/** The events of a stream after a version, up to the table's position, without skipped ones. */
type WaitingEvents = (stream: string, afterVersion: number) => AsyncIterable<{ id: string; version: number }>;

/** Compares a table with a fold of the log from the beginning. `turn` is awaited between pages, and may throw to abort. */
export async function verification(
  found: Found,
  expected: Found & { streams: readonly ParkedStream[] },
  waiting: WaitingEvents,
  turn: () => Promise<void>,
): Promise<Verification> {
  const differences: Difference[] = [];
  let total = 0;
  const report = (difference: Difference) => {
    if (total++ < mostListed) differences.push(difference);
  };
  compareProgress(found.progress, expected.progress, report);
  await compareParked(await parkedIn(found.generation), expected.streams, waiting, report);
  const everything = { where: null, search: null };
  const [actual, wanted] = [found.generation.rows, expected.generation.rows];
  for await (const row of unequalRows({ rows: actual, query: everything }, { rows: wanted, query: everything }, turn))
    compareRows(row.id, row.before, row.after, report);
  const rows = await actual.count({ ...everything, sort: [], limit: null, offset: 0 });
  return { ok: total === 0, position: found.progress.position, rows, differences, total };
}

type Report = (difference: Difference) => void;

function compareProgress(found: Progress, expected: Progress, report: Report): void {
  for (const field of checkpointFields)
    if (found[field] !== expected[field])
      report({ id: "checkpoint", field, found: found[field], expected: expected[field] });
}

/** Why an event is parked; null if it is not. An event that waits behind another has no error of its own. */
const whyParked = (stream: ParkedStream | undefined, version: number) => {
  if (!stream || version < firstParked(stream)) return null;
  return version === stream.version ? stream.error?.message : "waits behind an earlier event of its stream";
};

/** The version of the stream's first parked event. */
const firstParked = ({ version, error }: ParkedStream): number => (error ? version : version + 1);

async function compareParked(
  found: readonly ParkedStream[],
  expected: readonly ParkedStream[],
  waiting: WaitingEvents,
  report: Report,
): Promise<void> {
  const [actual, wanted] = [byName(found), byName(expected)];
  for (const stream of new Set([...actual.keys(), ...wanted.keys()])) {
    const [one, other] = [actual.get(stream), wanted.get(stream)];
    const [from, to] = [one, other]
      .map((parked) => (parked ? firstParked(parked) : Infinity))
      .toSorted((a, b) => a - b);
    if (from === to) continue;
    for await (const { id, version } of waiting(stream, from! - 1)) {
      if (version >= to!) break;
      report({ id, field: "parked", found: whyParked(one, version), expected: whyParked(other, version) });
    }
  }
}

const byName = (streams: readonly ParkedStream[]) => new Map(streams.map((one) => [one.stream, one]));

function compareRows(id: string, found: Row | null, expected: Row | null, report: Report): void {
  if (!found || !expected) return report({ id, field: "id", found: found?.id ?? null, expected: expected?.id ?? null });
  for (const field of Object.keys(expected))
    if (!isDeepStrictEqual(found[field], expected[field]))
      report({ id, field, found: found[field] ?? null, expected: expected[field] });
}
