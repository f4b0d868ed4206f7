import { createHash } from "node:crypto";
import type { FormerNames } from "../../../core/catalogue/new-names.ts";
import { DamagedStateError } from "../../../core/log/damaged-state.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { MixedStreamError } from "../../../core/log/links.ts";
import { isOfFormat, readFormat, withFormat, type Formatted } from "../../../core/log/stored-format.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { unreadLast, type StateSnapshot, type StoredPlace } from "../../../core/decider/rehydrate.ts";
import type { StoreHost } from "./host.ts";
import { boundedState } from "./stored-state.ts";

export interface LoadParams {
  stream: string;
  afterVersion: number;
  /** The key of the state snapshot; null to load without one. */
  snapshot: string | null;
  definition: string;
  /** The events as they are stored, for a decider that upcasts them with the catalogue of its own release. */
  raw?: true;
}

/** The input of a state's fold: a usable snapshot, if any, and the events after it. */
export interface LoadedStream {
  snapshot: StateSnapshot | null;
  /** Ordered by version; upcast to the host's catalogue unless requested as they are stored. */
  events: RecordedEvent[];
  /** The former names of their types, if the log knows any. */
  formerNames?: FormerNames;
  /** See `unreadLast`. */
  last?: StoredPlace;
  /** False if more events follow the last one. */
  end: boolean;
}

const eventsPerPage = 1000;
/** The prefix of the keys of state snapshots, before `<decider>/<stream>`. */
export const snapshotPrefix = "snapshot/";
const keyOf = (key: string) => snapshotPrefix + key;

/** Loads a usable snapshot and a page of the events after it. @throws UpcastFailedError; NewerEventError; MixedStreamError for a stream of links */
export async function loadStream(host: StoreHost, params: LoadParams): Promise<LoadedStream> {
  const { stream, afterVersion } = params;
  const snapshot = await usableSnapshot(host.log, params);
  const after = snapshot?.version ?? afterVersion;
  const stored = await host.log.readStream(stream, { afterVersion: after, limit: eventsPerPage });
  const last = stored.at(-1);
  // Linked events have the versions of other streams, so they cannot be folded into a state.
  if (last?.link) throw new MixedStreamError(stream, "links");
  // A page may be short because of its bytes, so another read determines whether it is the end.
  const behind = last && (await host.log.readStream(stream, { afterVersion: last.version, limit: 1 }));
  const events = params.raw ? stored : await host.reader.readable(stored);
  const formerNames = await host.names.of(events);
  return {
    snapshot,
    events,
    ...(formerNames && { formerNames }),
    ...unreadLast(stored, events),
    end: !behind || behind.length === 0,
  };
}

/** The stored snapshot if it has this definition, is newer than `afterVersion`, and belongs to this log. */
async function usableSnapshot(log: EventLog, { stream, afterVersion, snapshot: key, definition }: LoadParams) {
  const snapshot = key === null ? null : (await storedAt(log, key)).snapshot;
  if (snapshot?.definition !== definition || snapshot.version <= afterVersion) return null;
  const { version, eventId } = snapshot;
  const [event] = await log.readStream(stream, { afterVersion: version - 1, limit: 1 });
  // A log that was restored from a backup may end before that version.
  return event?.id === eventId ? snapshot : null;
}

/** `snapshot` is null if there is none, it is damaged, or a newer version has written it. */
async function storedAt(log: EventLog, key: string): Promise<{ snapshot: StateSnapshot | null; revision: number }> {
  try {
    const stored = await log.control.get(keyOf(key));
    return { snapshot: unsealed(stored?.value), revision: stored?.revision ?? 0 };
  } catch (error) {
    if (error instanceof DamagedStateError) return { snapshot: null, revision: error.revision };
    throw error;
  }
}

/**
 * Stores a snapshot, unless a newer one of the same definition is stored. A damaged snapshot, or one whose event is not in
 * this log, is always replaced. Of two concurrent calls one may have no effect.
 * @throws ValidationError
 */
export async function saveSnapshot(log: EventLog, key: string, snapshot: StateSnapshot): Promise<void> {
  const { snapshot: before, revision } = await storedAt(log, key);
  const isNewer = before?.definition === snapshot.definition && before.version >= snapshot.version;
  if (isNewer && (await isOfLog(log, before))) return;
  await log.control.put(keyOf(key), sealed(boundedState("snapshot", snapshot)), revision);
}

async function isOfLog(log: EventLog, { position, eventId }: StateSnapshot): Promise<boolean> {
  const { events } = await log.read({ after: position - 1, limit: 1, onDamaged: () => {} });
  return events[0]?.id === eventId;
}

/** Detects damage: a changed character in the stored text may still be valid JSON, but would be a wrong state. */
const checksumOf = (snapshot: object) => createHash("sha256").update(JSON.stringify(snapshot)).digest("hex");

function sealed(snapshot: StateSnapshot): object {
  const stored = withFormat("stateSnapshot", snapshot);
  return { ...stored, checksum: checksumOf(stored) };
}

/** Null also for another format: a snapshot is disposable. */
function unsealed(value: unknown): StateSnapshot | null {
  if (!isOfFormat("stateSnapshot", value)) return null;
  const { checksum, ...stored } = value as Formatted<StateSnapshot> & { checksum?: unknown };
  return checksum === checksumOf(stored) ? readFormat("stateSnapshot", "stateSnapshot", stored) : null;
}
