import "../../core/errors/node-version.ts";
import { randomUUID } from "node:crypto";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import { MemoryEventLog } from "./event-log.ts";
import { MemoryStorage } from "./storage.ts";
import { MemoryReadTable } from "./read-table.ts";

/** The named storages of this process. They exist as long as it runs. */
const named = new Map<string, MemoryStorage>();

/**
 * A log or a read table in the memory of this process, for tests. It is lost when the process ends. Without a name the
 * adapter has its own storage; with a name, all adapters of the process with this name share one.
 *
 * @example EventStore("orderEvents", { adapter: memory() })
 * @throws DefinitionError unless the name has 1 to 255 Unicode characters without control characters
 */
export function memory(name?: string): Adapter {
  if (name === undefined) return adapterAt(new Map(), randomUUID());
  const problem = nameProblem("adapter", name);
  if (problem) throw new DefinitionError(problem);
  return adapterAt(named, name);
}

/** @param storages shared with the adapters from `beside`, so that the same name returns the same storage */
function adapterAt(storages: Map<string, MemoryStorage>, name: string): Adapter {
  const storage = storages.get(name) ?? new MemoryStorage(`memory:${name}`);
  storages.set(name, storage);
  return {
    engine: "memory",
    location: storage.location,
    eventLog: () => new MemoryEventLog(storage),
    readTable: () => new MemoryReadTable(storage),
    beside: (table) => adapterAt(storages, `${name}/${table}`),
  };
}
