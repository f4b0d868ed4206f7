/** The bytes of a value as JSON; `isMore` if counting stopped early. */
export interface JsonBytes {
  bytes: number;
  isMore: boolean;
}

class Beyond extends Error {}

const maxPlainDepth = 100;

/**
 * How many bytes JSON.stringify writes for a value. Counting stops once there are more than `most`: the text of a large
 * value takes seconds and gigabytes, or exceeds the longest string.
 *
 * @throws whatever JSON.stringify throws for a value without JSON
 */
export function jsonBytes(value: unknown, most: number): JsonBytes {
  if (plainBytes(value, most, 0) <= most) return { bytes: bytesOf(JSON.stringify(value)), isMore: false };
  return countedBytes(value, most);
}

const bytesOf = (text: string | undefined) => Buffer.byteLength(text ?? "");

/**
 * JSON.stringify calls `count` with each value, after its toJSON. Each is counted with the fewest bytes that it can
 * take, so a count that stops early is correct; if it does not stop, the text is measured exactly.
 */
function countedBytes(value: unknown, most: number): JsonBytes {
  let least = 0;
  // A function, not an arrow: `this` is the object or array that contains the value.
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
    // V8 throws this, before it visits the elements, for an array that no string can hold.
    if ((error as Error).message === "Invalid string length") return { bytes: Math.max(least, most + 1), isMore: true };
    throw error;
  }
}

/** An array has a null in place of a value that an object omits. */
const nullBytes = 4;

const isOmitted = (value: unknown) => value === undefined || typeof value === "function" || typeof value === "symbol";

/** A key has two quotes and a colon. The outermost value has the empty key. */
const keyBytes = (key: string, value: unknown) => (key === "" || isOmitted(value) ? 0 : Buffer.byteLength(key) + 3);

/** Ignores commas, escapes and content. */
function leastBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  return isOmitted(value) ? 0 : 1;
}

/**
 * The same for plain values, ten times as fast. Infinity if the value is not plain or the sum exceeds `most`: a value
 * that is not plain may have a toJSON or be circular.
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
