const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;

/** Compares two texts by the bytes of their UTF-8, which is the order of every engine: negative, 0 or positive. */
export function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left === right) continue;
    // Only surrogates sort differently in UTF-16 and UTF-8. Comparing buffers is slow, so it is the exception.
    if (isSurrogate(left) || isSurrogate(right)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
    return left - right;
  }
  return a.length - b.length;
}
