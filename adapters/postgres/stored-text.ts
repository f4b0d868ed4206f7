/**
 * PostgreSQL does not store NUL in texts, but all other engines do. U+0000 is therefore stored as U+0001 U+0001, and
 * U+0001 as U+0001 U+0002. Distinct texts stay distinct, and their order stays the same.
 */
export const storedText = <Value>(value: Value): Value | string =>
  typeof value === "string" && (value.includes("\0") || value.includes("\u0001"))
    ? value.replaceAll("\u0001", "\u0001\u0002").replaceAll("\0", "\u0001\u0001")
    : value;

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const pairs = /\u0001[\u0001\u0002]/g;

export const givenText = <Value>(value: Value): Value | string =>
  typeof value === "string" && value.includes("\u0001")
    ? value.replaceAll(pairs, (pair) => (pair === "\u0001\u0001" ? "\0" : "\u0001"))
    : value;
