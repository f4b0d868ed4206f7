import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { withoutPassword } from "../../core/errors/without-password.ts";
import { sqlite } from "./sqlite.ts";

/** `sqlite:<path>`, optionally with `?durability=process` or `?begin=anew`. */
export function sqliteFromString(connectionString: string): Adapter {
  const [path = "", search = ""] = connectionString.slice("sqlite:".length).split("?");
  // Ambiguous: a host in a URL, a relative path in other libraries, an absolute path for the operating system.
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
