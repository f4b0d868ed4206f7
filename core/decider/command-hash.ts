import { createHash } from "node:crypto";

/** The same for the same params, whatever the order of their keys. */
export const commandHash = (params: object, declared: readonly string[] | null): string => {
  const own = Object.entries(params).filter(([name]) => declared === null || declared.includes(name));
  return createHash("sha256")
    .update(canonical(Object.fromEntries(own)))
    .digest("hex");
};

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "bigint") return String(inner);
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
