import { unknownFormat } from "../errors/newer-version.ts";

/**
 * The formats of the JSON that is stored, by kind. A number is raised if an earlier version cannot read the new form;
 * docs/stability.md says what each kind is.
 */
export const formats = {
  /** A record of a commit chain. */
  record: 1,
  /** A value of a chain's control state, and a lease. */
  keyValue: 1,
  /** The desired state of a consumer. */
  control: 1,
  /** The checkpoint of a subscription or a process manager, with its parked events. */
  checkpoint: 1,
  /** The pump's checkpoint. */
  pump: 1,
  /** The former names of event types. */
  formerNames: 1,
  /** A process with its deadlines, the end of one, or a parked event that belongs to none. */
  process: 1,
  /** The state of a decider's entity. */
  stateSnapshot: 1,
  /** The mark of an unfinished copy. */
  copy: 1,
  /** The parked events of a table. */
  parked: 1,
  /** The documents of a journaled table: its pointer, generations and journals. */
  journaledTable: 1,
  /** The manifest of a snapshot. */
  manifest: 1,
  /** The description of a table in its backup, and the files beside it. */
  backup: 1,
  /** A line of an export in the format `events`. */
  event: 1,
  /** The payloads of the framework's own events, in their `meta.schemaVersion`. */
  systemEvent: 1,
  /** A host's lock file, which also records the live generation of a table, or the files of a log. */
  hostFile: 1,
  /** The record of a log's head beside its file. */
  head: 1,
} as const;

export type StoredKind = keyof typeof formats;

/** JSON as it is stored. */
export type Formatted<Stored> = Stored & { $format: number };

/** The value with the number of its format, to be stored. */
export const withFormat = <Stored extends object>(kind: StoredKind, stored: Stored): Formatted<Stored> => ({
  $format: formats[kind],
  ...stored,
});

/** True for a value of the current format. */
export const isOfFormat = (kind: StoredKind, found: unknown): boolean =>
  (found as Partial<Formatted<object>> | null)?.$format === formats[kind];

/**
 * The stored value without its format number.
 * @param location names the value in the error
 * @throws UnusableStoreError if it has another format
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- one cast here instead of one at each caller
export function readFormat<Stored extends object>(location: string, kind: StoredKind, found: unknown): Stored {
  assertFormat(location, kind, (found as Partial<Formatted<object>> | null)?.$format);
  const { $format: _, ...stored } = found as Formatted<Stored>;
  // TypeScript does not see that the rest is what `withFormat` was given.
  return stored as unknown as Stored;
}

/** @throws UnusableStoreError */
export function assertFormat(location: string, kind: StoredKind, format: unknown): void {
  if (format !== formats[kind]) throw unknownFormat(location, `format of ${kind}`, format, formats[kind]);
}
