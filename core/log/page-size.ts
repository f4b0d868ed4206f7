/** A page ends after this many bytes of events: its JSON stays below NATS's largest message, 1 MB. */
export const maxPageBytes = 512 * 1024;

/** Allowance for an event's id, numbers, time and field names. */
const bytesAround = 250;

/** A UTF-16 unit is at most 3 bytes of UTF-8: precise enough for short texts, and much cheaper than counting. */
const bytesPerUnit = 3;

/** An upper estimate of an event's size in a message between nodes. `payloadText` and `metaText` are its JSON. */
export const pageBytesOf = (stream: string, type: string, payloadText: string, metaText: string): number =>
  (stream.length + type.length) * bytesPerUnit +
  Buffer.byteLength(payloadText) +
  Buffer.byteLength(metaText) +
  bytesAround;

/** The first summaries, as many as one message can contain. */
export function pageOfStreams<Summary extends { stream: string }>(summaries: readonly Summary[]): Summary[] {
  let bytes = 0;
  const end = summaries.findIndex(({ stream }) => (bytes += pageBytesOf(stream, "", "", "")) > maxPageBytes);
  return summaries.slice(0, end === -1 ? undefined : Math.max(end, 1));
}
