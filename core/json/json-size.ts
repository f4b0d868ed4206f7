/** More parts are not looked at: the size of a value is to be known in microseconds. */
const maxParts = 1000;
/** Of a number, a boolean, null, and what surrounds any other part. */
const bytesPerPart = 8;

/**
 * About how many bytes a value takes as JSON, without writing it: strings by their length, everything else by a constant.
 * Of a value with many parts only the first are looked at, and the rest of an array is counted.
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
