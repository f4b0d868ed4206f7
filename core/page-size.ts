/** Bytes of events after which a page ends: as JSON it stays below the largest message of NATS, 1 MB. */
export const maxPageBytes = 512 * 1024;

/** Room for an event's id, numbers, time and the names of its fields. */
const bytesAround = 250;

/** The size of one event in a message between nodes. `payloadText` and `metaText` are its JSON. */
export const pageBytesOf = (stream: string, type: string, payloadText: string, metaText: string): number =>
  Buffer.byteLength(stream) +
  Buffer.byteLength(type) +
  Buffer.byteLength(payloadText) +
  Buffer.byteLength(metaText) +
  bytesAround;
