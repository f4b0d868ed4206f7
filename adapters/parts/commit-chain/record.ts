import type { ClaimFold, ScopedClaims } from "../../../core/log/log-claims.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { show } from "../../../core/errors/problem.ts";

/** An event in a commit. Stream and version follow from its append. */
export interface StoredEvent {
  id: string;
  type: string;
  time: string;
  payloadText: string;
  metaText: string;
}

export interface StoredAppend {
  stream: string;
  /** The version of its first event. */
  version: number;
  events: readonly StoredEvent[];
  claims?: readonly ScopedClaims[];
}

/** The version of the records' format. A chain with a higher one was written by a newer version of this package. */
export const format = 1;

/** The first change of a chain. */
export interface Begin {
  /** The identity of the log. */
  identity: string;
  format: number;
  /** The control state was marked with the same identity before this record was added. */
  isMarked?: boolean;
}

/** The change of a commit. It contains every decision, so applying it is deterministic and reads no clock. */
export type Change =
  | { begin: Begin }
  | { appends: readonly StoredAppend[] }
  | { link: { stream: string; ids: readonly string[] } }
  | { beginClaims: { scope: string; definition: string; types: readonly string[]; now: number } }
  | { foldClaims: ClaimFold };

export interface Commit {
  /** Random, so that a host recognises its own commit after a lost response. */
  id: string;
  /** The id of the commit before it; empty for the first. */
  after: string;
  /** The node of the host that decided it; omitted if other hosts cannot reach that host. */
  by?: string | undefined;
  change: Change;
}

/**
 * A record's first line; events follow, two lines each: payload and meta. JSON has no line breaks, so nothing is
 * escaped.
 */
interface Head {
  id: string;
  after: string;
  by?: string | undefined;
  change: Exclude<Change, { appends: unknown }> | { appends: readonly AppendHead[] };
}

type AppendHead = Omit<StoredAppend, "events"> & { events: [id: string, type: string, time: string][] };

/** The first line of a record with a piece of a commit; the rest of the record is the piece. */
interface Piece {
  id: string;
  piece: [number: number, of: number];
}

/** The records of a commit: one, or several pieces if it is larger than `maxBytes`. */
export function toRecords(commit: Commit, maxBytes: number): string[] {
  const text = toText(commit);
  if (Buffer.byteLength(text) <= maxBytes) return [text];
  const bytes = Buffer.from(text);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + maxBytes - pieceHeadBytes, bytes.length);
    // Do not cut a UTF-8 character: its continuation bytes begin with the bits 10.
    while (to < bytes.length && (bytes[to]! & 0xc0) === 0x80) to--;
    pieces.push(bytes.toString("utf8", from, to));
    from = to;
  }
  return pieces.map((text, index) => {
    const head: Piece = { id: commit.id, piece: [index + 1, pieces.length] };
    return `${JSON.stringify(head)}\n${text}`;
  });
}

const pieceHeadBytes = 100;

function toText({ id, after, by, change }: Commit): string {
  if (!("appends" in change)) return JSON.stringify({ id, after, by, change } satisfies Head);
  const appends = change.appends.map(({ events, ...append }) => ({
    ...append,
    events: events.map(({ id, type, time }): [string, string, string] => [id, type, time]),
  }));
  const lines = [JSON.stringify({ id, after, by, change: { appends } } satisfies Head)];
  for (const { events } of change.appends) for (const event of events) lines.push(event.payloadText, event.metaText);
  return lines.join("\n");
}

/** The id of the record's commit. */
export const commitIdOf = (record: string): string => headOf(record).id;

function headOf(record: string): Head | Piece {
  const end = record.indexOf("\n");
  try {
    return JSON.parse(end < 0 ? record : record.slice(0, end)) as Head | Piece;
  } catch (error) {
    throw new UnusableStoreError(
      "the log's chain",
      `found ${show(record)}, expected a record of moleculer-event-sourcing`,
      error,
    );
  }
}

/** @throws UnusableStoreError if the record is not the first one of a chain, or has a newer format */
export function beginOf(location: string, record: string): Begin {
  const { change } = headOf(record) as Partial<Head>;
  if (!change || !("begin" in change))
    throw new UnusableStoreError(location, `found ${show(record)} as its first record, expected the start of a log`);
  if (change.begin.format > format)
    throw new UnusableStoreError(
      location,
      `found records of format ${change.begin.format}, expected at most ${format}: it is from a newer version of moleculer-event-sourcing`,
    );
  return change.begin;
}

function toCommit(text: string): Commit {
  const lines = text.split("\n");
  const { id, after, by, change } = JSON.parse(lines[0]!) as Head;
  if (!("appends" in change)) return { id, after, by, change };
  let line = 1;
  const appends = change.appends.map((append) => ({
    ...append,
    events: append.events.map(([id, type, time]) => ({
      id,
      type,
      time,
      payloadText: lines[line++]!,
      metaText: lines[line++]!,
    })),
  }));
  return { id, after, by, change: { appends } };
}

/**
 * Reassembles commits from records. Pieces count only if they follow one another from the first to the last. Others are
 * left over from a commit that another host overtook, or whose host died.
 */
export class Commits {
  #id = "";
  #pieces: string[] = [];

  /** The commit that this record completes, or null. */
  next(record: string): Commit | null {
    const head = headOf(record);
    if (!("piece" in head)) {
      this.#pieces = [];
      return toCommit(record);
    }
    const [number, of] = head.piece;
    if (number === 1) this.#pieces = [];
    else if (this.#id !== head.id || this.#pieces.length !== number - 1) {
      this.#pieces = [];
      return null;
    }
    this.#id = head.id;
    this.#pieces.push(record.slice(record.indexOf("\n") + 1));
    if (number < of) return null;
    const text = this.#pieces.join("");
    this.#pieces = [];
    return toCommit(text);
  }

  /** True between the first and the last piece of a commit. */
  get isIncomplete(): boolean {
    return this.#pieces.length > 0;
  }
}
