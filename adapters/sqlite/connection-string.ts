import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { withoutPassword } from "../../core/errors/without-password.ts";
import { sqlite } from "./sqlite.ts";

/** `sqlite:<path>`, with `?synchronous=NORMAL` or `?begin=anew` where wanted. */
export function sqliteFromString(connectionString: string): Adapter {
  const [path = "", search = ""] = connectionString.slice("sqlite:".length).split("?");
  // By the rules of URLs it would be a host, by those of other libraries a path from here, by the system's one from the root.
  if (path.startsWith("//")) {
    const meant = withoutPassword(path.replace(/^\/+/, "") || "data/orders.db");
    throw new DefinitionError({
      field: "adapter",
      found: connectionString,
      expected: `sqlite:${meant}, or sqlite:/${meant} for an absolute path`,
    });
  }
  return sqlite(path, Object.fromEntries(new URLSearchParams(search)));
}
