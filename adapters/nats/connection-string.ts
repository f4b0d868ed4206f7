import type { Adapter } from "../../core/adapter.ts";
import { numberIn } from "../../core/options/options.ts";
import { nats } from "./nats.ts";

/**
 * `nats://localhost:4222`, or several servers separated by commas; options as
 * `?replicas=3&prefix=shop-&folder=data&domain=hub&begin=anew`.
 */
export function natsFromString(connectionString: string): Adapter {
  const [servers = "", search = ""] = connectionString.split("?");
  const options: Record<string, string | number> = Object.fromEntries(new URLSearchParams(search));
  if (typeof options["replicas"] === "string") options["replicas"] = numberIn(options["replicas"]);
  return nats(servers, options);
}
