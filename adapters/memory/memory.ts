import { randomUUID } from "node:crypto";
import type { Adapter } from "../../core/adapter.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import { MemoryEventLog } from "./event-log.ts";
import { MemoryStorage } from "./storage.ts";
import { MemoryReadTable } from "./read-table.ts";

/** The places that have a name: one each for the whole process, for as long as it runs. */
const named = new Map<string, MemoryStorage>();

/**
 * A log or a read table in the memory of this process: for tests, and gone with the process. Without a name it is a
 * place of its own, which lasts as long as the adapter; by a name every part of the process finds the same one.
 *
 * @example EventStore("orderEvents", { adapter: memory() })
 * @throws DefinitionError where the name is not 1 to 255 Unicode characters without control characters
 */
export function memory(name?: string): Adapter {
  if (name === undefined) return adapterAt(new Map(), randomUUID());
  const problem = nameProblem("adapter", name);
  if (problem) throw new DefinitionError(problem);
  return adapterAt(named, name);
}

/** `places` are those that the adapter shares with the ones beside it, so that asking again gives the same place. */
function adapterAt(places: Map<string, MemoryStorage>, name: string): Adapter {
  const place = places.get(name) ?? new MemoryStorage(`memory:${name}`);
  places.set(name, place);
  return {
    engine: "memory",
    location: place.location,
    eventLog: () => new MemoryEventLog(place),
    readTable: () => new MemoryReadTable(place),
    beside: (table) => adapterAt(places, `${name}/${table}`),
  };
}
