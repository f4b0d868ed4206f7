import type { ClaimFold, ScopedClaims } from "../../../core/log/log-claims.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { unknownFormat, writtenByNewer } from "../../../core/errors/newer-version.ts";
import { show } from "../../../core/errors/problem.ts";
import { formats } from "../../../core/log/stored-format.ts";

const format = formats.record;

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

/** The first change of a chain. */
export interface Begin {
  /** The identity of the log. */
  identity: string;
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

/** The kinds of changes that this version applies. */
const kinds = ["begin", "appends", "link", "beginClaims", "foldClaims"];

/**
 * Every record says what a reader must know: the format of its text, and in `needs` the names of what its change
 * depends on beyond that format. A field that an earlier version may pass over needs no name.
 */
interface Terms {
  format: number;
  needs?: readonly string[];
}

/**
 * A record's first line; events follow, two lines each: payload and meta. JSON has no line breaks, so nothing is
 * escaped.
 */
interface Head extends Terms {
  id: string;
  after: string;
  by?: string | undefined;
  change: Exclude<Change, { appends: unknown }> | { appends: readonly AppendHead[] };
}

type AppendHead = Omit<StoredAppend, "events"> & { events: [id: string, type: string, time: string][] };

/** The first line of a record with a piece of a commit; the rest of the record is the piece. */
interface Piece extends Terms {
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
    const head: Piece = { format, id: commit.id, piece: [index + 1, pieces.length] };
    return `${JSON.stringify(head)}\n${text}`;
  });
}

const pieceHeadBytes = 100;

function toText({ id, after, by, change }: Commit): string {
  if (!("appends" in change)) return JSON.stringify({ format, id, after, by, change } satisfies Head);
  const appends = change.appends.map(({ events, ...append }) => ({
    ...append,
    events: events.map(({ id, type, time }): [string, string, string] => [id, type, time]),
  }));
  const lines = [JSON.stringify({ format, id, after, by, change: { appends } } satisfies Head)];
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

/** @throws UnusableStoreError if a newer version has written the record */
function assertKnown(location: string, number: number, head: Head | Piece): void {
  const newer = (what: string, found: unknown, expected: string) =>
    writtenByNewer(location, `${what} of record ${number}`, found, expected);
  if (head.format !== format) throw unknownFormat(location, `format of record ${number}`, head.format, format);
  if (head.needs !== undefined && head.needs.length > 0) throw newer("needs", head.needs, "none");
  if ("piece" in head) return;
  const found = Object.keys(head.change ?? head);
  if (found.length !== 1 || !kinds.includes(found[0]!)) throw newer("kind", found.join(", "), kinds.join(", "));
}

/** @throws UnusableStoreError if the record is not the first one of a chain, or a newer version has written it */
export function beginOf(location: string, record: string): Begin {
  const head = headOf(record) as Head;
  assertKnown(location, 1, head);
  const { change } = head;
  if (!("begin" in change))
    throw new UnusableStoreError(location, `found ${show(record)} as its first record, expected the start of a log`);
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
  readonly #location: string;
  #id = "";
  #pieces: string[] = [];

  /** @param location the chain's, for errors */
  constructor(location: string) {
    this.#location = location;
  }

  /** The commit that this record completes, or null. @throws UnusableStoreError if a newer version has written it */
  next(number: number, record: string): Commit | null {
    const head = headOf(record);
    assertKnown(this.#location, number, head);
    if (!("piece" in head)) {
      this.#pieces = [];
      return toCommit(record);
    }
    const [part, of] = head.piece;
    if (part === 1) this.#pieces = [];
    else if (this.#id !== head.id || this.#pieces.length !== part - 1) {
      this.#pieces = [];
      return null;
    }
    this.#id = head.id;
    this.#pieces.push(record.slice(record.indexOf("\n") + 1));
    if (part < of) return null;
    const text = this.#pieces.join("");
    this.#pieces = [];
    return toCommit(text);
  }

  /** True between the first and the last piece of a commit. */
  get isIncomplete(): boolean {
    return this.#pieces.length > 0;
  }
}
