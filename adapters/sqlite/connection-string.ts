import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors.ts";
import { sqlite } from "./sqlite.ts";

/** `sqlite:<path>`, with `?synchronous=NORMAL` where wanted. */
export function sqliteFromString(connectionString: string): Adapter {
  const [path = "", search = ""] = connectionString.slice("sqlite:".length).split("?");
  const options: Record<string, string> = Object.fromEntries(new URLSearchParams(search));
  const unknown = Object.keys(options).find((key) => key !== "synchronous");
  if (unknown !== undefined)
    throw new DefinitionError({
      field: `adapter.${unknown}`,
      found: options[unknown],
      expected: "no option but synchronous",
    });
  return sqlite(path, options);
}
