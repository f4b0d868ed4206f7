/** Limit of visited parts, so that the size of any value is known within microseconds. */
const maxParts = 1000;
/** The size of a number, a boolean or null, and the overhead of any other part. */
const bytesPerPart = 8;

/**
 * Estimates the bytes of a value as JSON without writing it: strings by their length, everything else by a constant.
 * Visits only the first parts of a large value; the rest of an array is counted.
 */
export function roughBytes(value: unknown): number {
  const parts: unknown[] = [value];
  let bytes = 0;
  for (let seen = 0; parts.length > 0 && seen < maxParts; seen++) {
    const part = parts.pop();
    bytes += bytesPerPart;
    if (typeof part === "string") bytes += part.length;
    else if (ArrayBuffer.isView(part)) bytes += part.byteLength;
    else if (Array.isArray(part)) {
      const looked = Math.min(part.length, maxParts);
      for (let index = 0; index < looked; index++) parts.push(part[index]);
      bytes += (part.length - looked) * bytesPerPart;
    } else if (part !== null && typeof part === "object")
      for (const key of Object.keys(part)) {
        bytes += key.length;
        if (parts.length < maxParts) parts.push((part as Record<string, unknown>)[key]);
      }
  }
  return bytes;
}
