import type { Adapter } from "../../core/adapter.ts";
import { mongodb } from "./mongodb.ts";

/** The adapter's options in a connection string; all others belong to the driver. */
export const ownOptions: readonly string[] = ["folder", "begin"];

/**
 * `mongodb://localhost:27017/shop`, with the driver's options, `folder=<path>` for the host's own files, and
 * `begin=anew`.
 */
export function mongoFromString(connectionString: string): Adapter {
  const [server = "", search = ""] = connectionString.split("?");
  const options = new URLSearchParams(search);
  const own = Object.fromEntries([...options].filter(([name]) => ownOptions.includes(name)));
  for (const name of Object.keys(own)) options.delete(name);
  return mongodb(options.size === 0 ? server : `${server}?${options.toString()}`, own);
}
