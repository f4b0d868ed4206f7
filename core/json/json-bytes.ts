/** The bytes of a value as JSON; `isMore` where there are more, which were not counted. */
export interface JsonBytes {
  bytes: number;
  isMore: boolean;
}

class Beyond extends Error {}

const maxPlainDepth = 100;

/**
 * How many bytes JSON.stringify writes of a value. Ends once they are certain to be more than `most`: the text of a
 * large value takes seconds and gigabytes, or is longer than a string may be.
 *
 * @throws what JSON.stringify throws for a value that has no JSON
 */
export function jsonBytes(value: unknown, most: number): JsonBytes {
  if (plainBytes(value, most, 0) <= most) return { bytes: bytesOf(JSON.stringify(value)), isMore: false };
  return countedBytes(value, most);
}

const bytesOf = (text: string | undefined) => Buffer.byteLength(text ?? "");

/**
 * JSON.stringify itself shows each value, after its toJSON, before it writes it. Each is counted as the least that can be
 * written of it, so what is ended early is too large, and the text of what is not is measured exactly.
 */
function countedBytes(value: unknown, most: number): JsonBytes {
  let least = 0;
  // Not an arrow: `this` is the object or array that the value is in.
  function count(this: unknown, key: string, inner: unknown): unknown {
    if (Array.isArray(this)) least += isOmitted(inner) ? nullBytes : leastBytes(inner);
    else least += keyBytes(key, inner) + leastBytes(inner);
    if (least > most) throw new Beyond();
    return inner;
  }
  try {
    return { bytes: bytesOf(JSON.stringify(value, count)), isMore: false };
  } catch (error) {
    if (error instanceof Beyond) return { bytes: least, isMore: true };
    // What V8 throws, before it looks inside, for an array that no string can hold.
    if ((error as Error).message === "Invalid string length") return { bytes: Math.max(least, most + 1), isMore: true };
    throw error;
  }
}

/** An array has a null for what an object omits. */
const nullBytes = 4;

const isOmitted = (value: unknown) => value === undefined || typeof value === "function" || typeof value === "symbol";

/** Two quotes and a colon are around an object's key; the value itself has the empty one. */
const keyBytes = (key: string, value: unknown) => (key === "" || isOmitted(value) ? 0 : Buffer.byteLength(key) + 3);

/** Without commas, what escapes add, and what is inside. */
function leastBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  return isOmitted(value) ? 0 : 1;
}

/**
 * The same, ten times as fast, of plain values; Infinity where the value is not plain or the sum is beyond `most`. What
 * is not plain may have a toJSON, whose value may be of any size, or may be in itself.
 */
function plainBytes(value: unknown, most: number, depth: number): number {
  if (typeof value === "string") return value.length + 2;
  if (value === null || typeof value !== "object") return 1;
  if (depth > maxPlainDepth || !isPlain(value)) return Infinity;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && bytes <= most; index++)
      bytes += 1 + plainBytes(value[index], most - bytes, depth + 1);
  } else
    for (const key in value) {
      if (bytes > most) break;
      bytes += key.length + 3 + plainBytes((value as Record<string, unknown>)[key], most - bytes, depth + 1);
    }
  return bytes;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isKnown = prototype === Object.prototype || prototype === null || Array.isArray(value);
  return isKnown && typeof (value as { toJSON?: unknown }).toJSON !== "function";
}
