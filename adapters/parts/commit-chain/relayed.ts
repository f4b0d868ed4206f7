import type { StoredAt } from "../../../core/log/append-relay.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { isDamagedEvent } from "../../../core/event/damaged-event.ts";
import type { AppendVerdict } from "../../../core/log/event-log.ts";
import { maxPageBytes, pageBytesOf } from "../../../core/log/page-size.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { repeatOf } from "../../../core/log/repeat.ts";
import { isReserved } from "../../../core/event/stream-name.ts";
import type { LogFile } from "../../sqlite/log-file.ts";

/**
 * Whether another host may store these appends. They must fit into one message, and be callers' appends. An append that
 * was relayed is not relayed again, so that two hosts cannot send it back and forth.
 */
export function mayRelay(requests: readonly AppendRequest[]): boolean {
  let bytes = 0;
  for (const { stream, events, claims, isRelayed, continues } of requests) {
    // Imports set times or continue one another, and are stored by their own host.
    if (isRelayed || continues || isReserved(stream) || events.some(({ time }) => time !== undefined)) return false;
    for (const { type, payloadText, metaText } of events) bytes += pageBytesOf(stream, type, payloadText, metaText);
    if (claims) bytes += Buffer.byteLength(JSON.stringify(claims));
    if (bytes > maxPageBytes) return false;
  }
  return requests.length > 0;
}

/** The verdict on an append that another host stored, built from the request without reading the log. */
export function storedElsewhere(
  { stream, events }: AppendRequest,
  { position, version, time }: StoredAt,
): AppendVerdict {
  const stored = events.map(({ id, type, payload, meta }, index): RecordedEvent => {
    return {
      id,
      type,
      stream,
      version: version + index,
      position: position + index,
      time,
      payload: payload as RecordedEvent["payload"],
      meta,
    };
  });
  return { events: stored, repeated: false, isAnnounced: true };
}

/**
 * Marks the ids as possibly stored, because another host may store them from now on. Returns the requests with
 * generated ids.
 */
export function markAsSent(requests: readonly AppendRequest[]): Set<AppendRequest> {
  const generated = new Set<AppendRequest>();
  for (const request of requests)
    for (const event of request.events) {
      if (event.idWasGenerated) generated.add(request);
      event.idWasGenerated = false;
    }
  return generated;
}

/** The log's verdict on an append by its event ids; null if the log has none of them. */
export function knownVerdict(request: AppendRequest, { queries }: LogFile): AppendVerdict | null {
  try {
    return repeatOf(request, (id) => queries.byId(id));
  } catch (error) {
    if (isDamagedEvent(error)) return { error: error as Error };
    throw error;
  }
}
