/** One thing that is wrong with an input: where it stands, what was found there and what belongs there. */
export interface Problem {
  field: string;
  found: unknown;
  expected: string;
}

/** `found` as it appears in a message: short, and unable to throw whatever it is. */
export function show(found: unknown): string {
  if (typeof found === "string")
    return found.length > 60 ? `"${found.slice(0, 60)}…" (${found.length} long)` : `"${found}"`;
  if (typeof found === "bigint") return `BigInt ${found}`;
  if (typeof found === "function" || typeof found === "symbol") return typeof found;
  if (found === null || typeof found !== "object") return String(found);
  if (Array.isArray(found)) return `an array of ${found.length}`;
  return found instanceof Date ? `Date ${String(found)}` : "an object";
}

/** The same for `data`, which must survive the JSON of a transporter. */
export function portable(found: unknown): unknown {
  return found === null || ["string", "number", "boolean"].includes(typeof found) ? found : show(found);
}

export const inWords = (problems: readonly Problem[]) =>
  problems.map(({ field, found, expected }) => `${field}: found ${show(found)}, expected ${expected}`).join("; ");

export const asData = (problems: readonly Problem[]) =>
  problems.map(({ field, found, expected }) => ({
    field,
    found: portable(found),
    expected,
    message: `${field}: found ${show(found)}, expected ${expected}`,
  }));
