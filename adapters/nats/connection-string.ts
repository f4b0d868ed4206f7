import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors.ts";
import { nats, type NatsLogOptions } from "./nats.ts";

const expected = "no options but replicas, prefix and folder";

/** `nats://localhost:4222`, several servers with commas, with `?replicas=3&prefix=shop-&folder=data` where wanted. */
export function natsFromString(connectionString: string): Adapter {
  const [servers = "", search = ""] = connectionString.split("?");
  const options: NatsLogOptions = {};
  for (const [option, found] of new URLSearchParams(search))
    if (option === "replicas") options.replicas = Number(found);
    else if (option === "prefix" || option === "folder") options[option] = found;
    else throw new DefinitionError({ field: `adapter.${option}`, found, expected });
  return nats(servers, options);
}
