import type { Adapter } from "../../core/adapter.ts";
import { mongo } from "./mongo.ts";

/** `mongodb://localhost:27017/shop`, with the driver's own options, and `index=<folder>` for the host's indexes. */
export function mongoFromString(connectionString: string): Adapter {
  const [server = "", search = ""] = connectionString.split("?");
  const options = new URLSearchParams(search);
  const index = options.get("index");
  options.delete("index");
  const url = options.size === 0 ? server : `${server}?${options.toString()}`;
  return mongo(url, index === null ? {} : { index });
}
