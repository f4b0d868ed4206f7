import { createHash } from "node:crypto";
import { canonicalJson } from "../json/canonical-json.ts";

/** A hash of a command's params. The order of their keys does not matter. */
export const commandHash = (params: object, declared: readonly string[] | null): string => {
  const own = Object.entries(params).filter(([name]) => declared === null || declared.includes(name));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(own)))
    .digest("hex");
};
