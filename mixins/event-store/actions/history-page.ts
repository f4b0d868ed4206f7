import type { EventLog, ReadStreamOptions } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

/** A page of one stream, whose events are counted by version. */
export interface HistoryPage {
  events: RecordedEvent[];
  /** How far the page looked, past unwanted events too. The next page starts here. */
  version: number;
  /** Nothing lay beyond `version` in the direction of reading when the page was read. */
  end: boolean;
}

/** Reads a page of a stream. An engine returns an empty one only at the end of what is wanted. */
export async function historyPage(log: EventLog, stream: string, options: ReadStreamOptions): Promise<HistoryPage> {
  const { afterVersion, backward = false } = options;
  // Read first: events that are appended meanwhile lie beyond it, so an empty page has not passed over them.
  const last = backward ? 1 : await lastVersion(log, stream);
  const events = await log.readStream(stream, options);
  const event = events.at(-1);
  if (!event)
    return { events, version: backward ? Math.min(afterVersion, last) : Math.max(afterVersion, last), end: true };
  const version = versionOf(event);
  return { events, version, end: backward ? version <= last : version >= last };
}

async function lastVersion(log: EventLog, stream: string): Promise<number> {
  const [last] = await log.readStream(stream, { afterVersion: Number.MAX_SAFE_INTEGER, limit: 1, backward: true });
  return last ? versionOf(last) : 0;
}

/** In a stream of links, the link's. */
const versionOf = ({ version, link }: RecordedEvent) => link?.version ?? version;
