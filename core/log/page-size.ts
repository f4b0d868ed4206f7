/** Bytes of events after which a page ends: as JSON it stays below the largest message of NATS, 1 MB. */
export const maxPageBytes = 512 * 1024;

/** Room for an event's id, numbers, time and the names of its fields. */
const bytesAround = 250;

/** A UTF-16 unit is at most 3 bytes of UTF-8: for short texts as good as counted, and much cheaper. */
const bytesPerUnit = 3;

/** The size of one event in a message between nodes, or a little more. `payloadText` and `metaText` are its JSON. */
export const pageBytesOf = (stream: string, type: string, payloadText: string, metaText: string): number =>
  (stream.length + type.length) * bytesPerUnit +
  Buffer.byteLength(payloadText) +
  Buffer.byteLength(metaText) +
  bytesAround;

/** The first streams, as many as one message carries, for a summary of each. */
export function pageOfStreams<Summary extends { stream: string }>(summaries: readonly Summary[]): Summary[] {
  let bytes = 0;
  const end = summaries.findIndex(({ stream }) => (bytes += pageBytesOf(stream, "", "", "")) > maxPageBytes);
  return summaries.slice(0, end === -1 ? undefined : Math.max(end, 1));
}
