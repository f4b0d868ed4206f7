import type { Adapter } from "../../core/adapter.ts";
import { mongo } from "./mongo.ts";

/** `mongodb://localhost:27017/shop`, with the driver's own options, and `folder=<path>` for the host's own files. */
export function mongoFromString(connectionString: string): Adapter {
  const [server = "", search = ""] = connectionString.split("?");
  const options = new URLSearchParams(search);
  const folder = options.get("folder");
  options.delete("folder");
  const url = options.size === 0 ? server : `${server}?${options.toString()}`;
  return mongo(url, folder === null ? {} : { folder });
}
