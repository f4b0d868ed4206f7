import { join, resolve } from "node:path";
import { DefinitionError } from "../../../core/errors/errors.ts";
import { assertKnownOptions } from "../../../core/options/options.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";

export interface SnapshotOptions {
  /**
   * Where the aggregate's snapshots stand, in a folder of its name. Each host needs a folder of its own. Default: beside the
   * table's file, `<file>.snapshots`.
   */
  folder?: string;
  /** So many are kept, from 1; the oldest go. Default: all. */
  keep?: number;
}

/** @throws DefinitionError naming the field */
export function parseSnapshots(aggregate: string, given: SnapshotOptions | false): SnapshotOptions | false {
  const at = `${aggregate}.snapshots`;
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field, found, expected });
  };
  if (given === false) return given;
  if (given === null || typeof given !== "object" || Array.isArray(given))
    refuse(at, given, "{ folder?, keep? }, or false for none");
  assertKnownOptions(at, given, ["folder", "keep"]);
  const { folder, keep } = given;
  if (folder !== undefined && (typeof folder !== "string" || folder === "" || folder.includes("\0")))
    refuse(`${at}.folder`, folder, "the path of a folder");
  if (keep !== undefined && (!Number.isSafeInteger(keep) || keep < 1))
    refuse(`${at}.keep`, keep, "a whole number from 1");
  return given;
}

/** Where the snapshots of a table stand and how many of them; nowhere: why. */
export function snapshotPlace(aggregate: string, options: SnapshotOptions | false, table: ReadTable) {
  const whyNone =
    options === false
      ? "found `snapshots: false`, expected `snapshots: { folder }` or none at all"
      : `its engine (${table.engine}) has no place for snapshots; expected one by \`snapshots: { folder }\``;
  if (options === false) return { folder: null, keep: null, whyNone };
  const { folder, keep = null } = options;
  return { folder: folder === undefined ? table.snapshotFolder : join(resolve(folder), aggregate), keep, whyNone };
}
