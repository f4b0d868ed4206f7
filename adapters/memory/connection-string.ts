import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { memory } from "./memory.ts";

/** `memory:` is a new storage each time, `memory:<name>` one that the whole process shares. There are no options. */
export function memoryFromString(connectionString: string): Adapter {
  const [name = "", search = ""] = connectionString.slice("memory:".length).split("?");
  for (const option of new URLSearchParams(search).keys())
    throw new DefinitionError({ field: `adapter.${option}`, found: option, expected: "no options" });
  return memory(name === "" ? undefined : name);
}
