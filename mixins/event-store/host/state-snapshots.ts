import { createHash } from "node:crypto";
import { DamagedStateError } from "../../../core/log/damaged-state.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { MixedStreamError } from "../../../core/log/links.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { StateSnapshot } from "../../../core/decider/rehydrate.ts";
import type { StoreHost } from "./host.ts";
import { refuseTooLargeState } from "./stored-state.ts";

export interface LoadParams {
  stream: string;
  afterVersion: number;
  /** Under which key a snapshot may stand; null where none is wanted. */
  snapshot: string | null;
  definition: string;
}

/** What a state is folded from: a snapshot, where one is of use, and the events behind it. */
export interface LoadedStream {
  snapshot: StateSnapshot | null;
  /** In the order of their versions, as today's catalogue reads them. */
  events: RecordedEvent[];
  /** Where not, there are more: after the version of the last one. */
  end: boolean;
}

const eventsPerPage = 1000;
/** Of the keys of state snapshots; the decider's name, a slash and the stream follow. */
export const snapshotPrefix = "snapshot/";
const keyOf = (key: string) => snapshotPrefix + key;

/** @throws UpcastError; MixedStreamError for a stream of links */
export async function loadStream(host: StoreHost, params: LoadParams): Promise<LoadedStream> {
  const { stream, afterVersion } = params;
  const snapshot = await usable(host.log, params);
  const after = snapshot?.version ?? afterVersion;
  const stored = await host.log.readStream(stream, { afterVersion: after, limit: eventsPerPage });
  const last = stored.at(-1);
  // The versions of linked events are those of other streams: no state follows from them.
  if (last?.link) throw new MixedStreamError(stream, "links");
  // A page may be short because of its bytes: what lies behind it says whether it is the end.
  const behind = last && (await host.log.readStream(stream, { afterVersion: last.version, limit: 1 }));
  const events = await host.readable(Promise.resolve(stored));
  return { snapshot, events, end: !behind || behind.length === 0 };
}

/** The snapshot if it is of this definition, newer than what is known, and of this stream's history. */
async function usable(log: EventLog, { stream, afterVersion, snapshot: key, definition }: LoadParams) {
  const snapshot = key === null ? null : (await keptAt(log, key)).snapshot;
  if (snapshot?.definition !== definition || snapshot.version <= afterVersion) return null;
  const { version, eventId } = snapshot;
  const [event] = await log.readStream(stream, { afterVersion: version - 1, limit: 1 });
  // A log that was restored from a backup may end before that version.
  return event?.id === eventId ? snapshot : null;
}

/** `snapshot` is null if there is none, or if it is not what was saved. */
async function keptAt(log: EventLog, key: string): Promise<{ snapshot: StateSnapshot | null; revision: number }> {
  try {
    const kept = await log.control.get(keyOf(key));
    return { snapshot: unsealed(kept?.value), revision: kept?.revision ?? 0 };
  } catch (error) {
    if (error instanceof DamagedStateError) return { snapshot: null, revision: error.revision };
    throw error;
  }
}

/**
 * An older snapshot never takes the place of a newer one of this log; one that is damaged, or that the log has no event
 * for, is replaced by any. Of two that are saved at once, one may be lost.
 * @throws ValidationError
 */
export async function saveSnapshot(log: EventLog, key: string, snapshot: StateSnapshot): Promise<void> {
  const { snapshot: before, revision } = await keptAt(log, key);
  const isNewer = before?.definition === snapshot.definition && before.version >= snapshot.version;
  if (isNewer && (await isOfLog(log, before))) return;
  await log.control.put(keyOf(key), sealed(refuseTooLargeState("snapshot", snapshot)), revision);
}

async function isOfLog(log: EventLog, { position, eventId }: StateSnapshot): Promise<boolean> {
  const { events } = await log.read({ after: position - 1, limit: 1, onDamaged: () => {} });
  return events[0]?.id === eventId;
}

/** A changed character would be a state that no event led to, and JSON all the same. */
const checksumOf = (snapshot: object) => createHash("sha256").update(JSON.stringify(snapshot)).digest("hex");

const sealed = (snapshot: StateSnapshot) => ({ ...snapshot, checksum: checksumOf(snapshot) });

function unsealed(value: unknown): StateSnapshot | null {
  if (value === null || typeof value !== "object") return null;
  const { checksum, ...snapshot } = value as StateSnapshot & { checksum?: unknown };
  return checksum === checksumOf(snapshot) ? snapshot : null;
}
