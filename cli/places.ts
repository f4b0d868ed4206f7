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
import { UsageError, type CopyArguments, type RestoreArguments } from "./usage.ts";

/** A log's place: each call answers a new port on it, not opened. */
export type Place = () => EventLog;

export interface Places {
  source: Place;
  copy: Place;
  /** The store's, where it says which place is meant; null where there is no other one. */
  sourceName: string | null;
  /** Removes what was needed on this machine only while the logs were open. */
  clear(): void;
}

/** Engines whose hosts keep an index beside them. */
const indexed = /^(nats|mongodb|mongodb\+srv):/;

/** @throws UsageError */
export function placesOf({ from, to, name, toName = name }: CopyArguments): Places {
  const [source, copy] = [adapterOf("<from>", from), adapterOf("<to>", to)];
  if ((source.keepsApart && name === undefined) || (copy.keepsApart && toName === undefined))
    throw new UsageError("copy: found no --name, expected the event store's: on a server several stores have a place");
  if (source.location === copy.location && !(source.keepsApart && name !== toName))
    throw new UsageError(`copy: found ${withoutPassword(source.location)} as <from> and as <to>, expected two places`);

  const { place, clear } = ownFolder();
  return { source: place(from, name), copy: place(to, toName), sourceName: source.keepsApart ? name! : null, clear };
}

/** A folder that is made when something is put into it, and `clear`ed away, also at the process's end. */
function ownFolder() {
  let folder: string | null = null;
  let files = 0;
  /** The path of a further file in it. */
  const newPath = () => join((folder ??= mkdtempSync(join(tmpdir(), "moleculer-event-sourcing-"))), String(++files));
  // Indexes of their own, made anew each time that a log is opened: what is read was read from the server, and the ones
  // that a host has in the working folder are left alone.
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

/** The places of a log that is restored from the index of a host; the index is copied, and left as it is. @throws UsageError */
export function restorePlacesOf({ index, to, name }: RestoreArguments) {
  const target = adapterOf("<to>", to);
  if (target.keepsApart && name === undefined)
    throw new UsageError(
      "restore: found no --name, expected the event store's: on a server several stores have a place",
    );
  const { newPath, place, clear } = ownFolder();
  const source = () => {
    if (!existsSync(index)) throw new MissingLogError(index);
    // Held meanwhile: a host that runs has it, and changes the file.
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

/** Those that keep a log over the end of a process. */
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
