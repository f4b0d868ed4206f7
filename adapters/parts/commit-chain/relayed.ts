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
 * Whether another host may be asked to store them: one message has to carry them, and they are appends of callers. One that
 * came from another host goes no further, so that no two hosts send it to each other.
 */
export function mayRelay(requests: readonly AppendRequest[]): boolean {
  let bytes = 0;
  for (const { stream, events, claims, isRelayed, continues } of requests) {
    // An import names times, and a chain of requests that continue one another.
    if (isRelayed || continues || isReserved(stream) || events.some(({ time }) => time !== undefined)) return false;
    for (const { type, payloadText, metaText } of events) bytes += pageBytesOf(stream, type, payloadText, metaText);
    if (claims) bytes += Buffer.byteLength(JSON.stringify(claims));
    if (bytes > maxPageBytes) return false;
  }
  return requests.length > 0;
}

/** The answer to an append that another host has stored, without asking for its events. */
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

/** From here on another host may have stored them: no id is new to the log any more. Those whose ids were are returned. */
export function markAsSent(requests: readonly AppendRequest[]): Set<AppendRequest> {
  const were = new Set<AppendRequest>();
  for (const request of requests)
    for (const event of request.events) {
      if (event.idWasGenerated) were.add(request);
      event.idWasGenerated = false;
    }
  return were;
}

/** What the log says of an append by its ids alone; null where it has none of them. */
export function knownVerdict(request: AppendRequest, { queries }: LogFile): AppendVerdict | null {
  try {
    return repeatOf(request, (id) => queries.byId(id));
  } catch (error) {
    if (isDamagedEvent(error)) return { error: error as Error };
    throw error;
  }
}
