import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logOfIndex } from "../adapters/parts/commit-chain/index-chain.ts";
import { engines } from "../adapters/engines.ts";
import { HostFile } from "../adapters/sqlite/host-file.ts";
import { resolveAdapter, type Adapter } from "../core/adapter.ts";
import { MissingLogError, UnknownAdapterError } from "../core/errors/errors.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { withoutPassword } from "../core/errors/without-password.ts";
import { UsageError, type CopyArguments, type PauseArguments, type RestoreArguments } from "./usage.ts";

/** Creates a new port to a log, not opened. */
export type Place = () => EventLog;

export interface Places {
  source: Place;
  copy: Place;
  /** The name of the source's store if several stores share the place; otherwise null. */
  sourceName: string | null;
  /** Removes the temporary files. */
  clear(): void;
}

/** Engines whose hosts have an index in a local file. */
const indexed = /^(nats|mongodb|mongodb\+srv):/;

/** The source and target of `copy`. @throws UsageError */
export function placesOf({ from, to, name, toName = name }: CopyArguments): Places {
  const [source, copy] = [adapterOf("<from>", from), adapterOf("<to>", to)];
  if ((source.keepsApart && name === undefined) || (copy.keepsApart && toName === undefined))
    throw new UsageError("copy: found no --name, expected the event store's name, because stores share a server");
  if (source.location === copy.location && !(source.keepsApart && name !== toName))
    throw new UsageError(`copy: found ${withoutPassword(source.location)} as <from> and as <to>, expected two places`);

  const { place, clear } = ownFolder();
  return { source: place(from, name), copy: place(to, toName), sourceName: source.keepsApart ? name! : null, clear };
}

/** A temporary folder, which is created with its first file, and removed by `clear` or at the exit of the process. */
function ownFolder() {
  let folder: string | null = null;
  let files = 0;
  /** The path of a new file in the folder. */
  const newPath = () => join((folder ??= mkdtempSync(join(tmpdir(), "moleculer-event-sourcing-"))), String(++files));
  // Each opened log gets a new temporary index, so that all content is read from the server, and indexes of hosts in the
  // working folder are not touched.
  const place = (given: string, store = "any") => {
    const isIndexed = indexed.test(given) && !/[?&]folder=/.test(given);
    const mark = given.includes("?") ? "&" : "?";
    return () => {
      if (!isIndexed) return adapterOf("", given).eventLog!(store);
      return adapterOf("", `${given}${mark}folder=${encodeURIComponent(newPath())}`).eventLog!(store);
    };
  };
  const clear = () => {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", clear);
  return { newPath, place, clear };
}

/** The index and the target of `restore`. Reads a copy of the index, which itself is not changed. @throws UsageError */
export function restorePlacesOf({ index, to, name }: RestoreArguments) {
  const target = adapterOf("<to>", to);
  if (target.keepsApart && name === undefined)
    throw new UsageError("restore: found no --name, expected the event store's name, because stores share a server");
  const { newPath, place, clear } = ownFolder();
  const source = () => {
    if (!existsSync(index)) throw new MissingLogError(index);
    // The lock is held during the copy: a running host would change the file, and has the lock.
    const host = new HostFile(`${index}.lock`, index);
    const path = `${newPath()}.index.db`;
    try {
      for (const suffix of ["", "-wal"]) if (existsSync(index + suffix)) copyFileSync(index + suffix, path + suffix);
    } finally {
      host.close();
    }
    return logOfIndex(path);
  };
  return { source, target: place(to, name), clear };
}

/** The log of `pause`; `name` is null if the place has only one. @throws UsageError */
export function pausePlaceOf({ log, name }: PauseArguments) {
  const { keepsApart } = adapterOf("<log>", log);
  if (keepsApart && name === undefined)
    throw new UsageError("pause: found no --name, expected the event store's name, because stores share a server");
  const { place, clear } = ownFolder();
  return { log: place(log, name), name: keepsApart ? name! : null, clear };
}

/** The engines whose logs outlive a process. */
const { memory: _, ...byScheme } = engines.byScheme;

function adapterOf(argument: string, given: string): Adapter {
  try {
    return resolveAdapter({ ...engines, byScheme }, given);
  } catch (error) {
    if (!(error instanceof UnknownAdapterError)) throw new UsageError(`${argument}: ${(error as Error).message}`);
    const expected = Object.keys(byScheme).map((scheme) => `${scheme}:`);
    throw new UsageError(`${argument}: found "${withoutPassword(given)}", expected one of ${expected.join(", ")}`);
  }
}
