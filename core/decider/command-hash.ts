import { createHash } from "node:crypto";
import { canonicalJson } from "../json/canonical-json.ts";

/** The same for the same params, whatever the order of their keys. */
export const commandHash = (params: object, declared: readonly string[] | null): string => {
  const own = Object.entries(params).filter(([name]) => declared === null || declared.includes(name));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(own)))
    .digest("hex");
};
