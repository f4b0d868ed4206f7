import { isUuid, uuidOf, uuidOfName } from "./uuid.ts";

/** RFC 9562 namespace of the ids that are derived from other ids. */
const derivedNamespace = "4a3dd1c6-50b9-5f0e-9c1c-6f7b1d8a2e57";

const bytesPerId = 16;
/** Random bytes for many ids at once: a system call for each id would cost as much as all checks of an append. */
const pool = new Uint8Array(256 * bytesPerId);
let used = pool.length;
let msecs = -Infinity;
let seq = 0;

/** A new time-ordered id (UUID version 7). Increases within the process, even if the clock is set back. */
export function newEventId(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const random = pool.subarray(used, (used += bytesPerId));
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // Starts in the lower half, so that a millisecond has room for 2^31 ids. RFC 9562, 6.2, method 1.
    seq = ((random[6]! & 0x7f) << 24) | (random[7]! << 16) | (random[8]! << 8) | random[9]!;
  } else {
    seq = (seq + 1) | 0;
    if (seq === 0) msecs++;
  }
  // The first six of the slice's bytes, which are random, give way to the time; the next four and two bits to `seq`.
  for (let byte = 5, time = msecs; byte >= 0; byte--, time = Math.floor(time / 256)) random[byte] = time;
  random[6] = seq >>> 28;
  random[7] = seq >>> 20;
  random[8] = seq >>> 14;
  random[9] = seq >>> 6;
  random[10] = (seq << 2) | (random[10]! & 3);
  return uuidOf(random, 7);
}

/** The id of the event at `index` of an append with a command id; the same if the append is sent again. */
export const derivedEventId = (from: string, index: number): string => uuidOfName(`${index}/${from}`, derivedNamespace);

export const isEventId = (id: unknown): id is string => typeof id === "string" && isUuid(id);
