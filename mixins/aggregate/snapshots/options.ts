import { join, resolve } from "node:path";
import { DefinitionError } from "../../../core/errors/errors.ts";
import { assertKnownOptions } from "../../../core/options/options.ts";
import type { ReadTable } from "../../../core/table/read-table.ts";

export interface SnapshotOptions {
  /**
   * The folder that contains the aggregate's snapshots, in a subfolder with the aggregate's name. Each host needs its own
   * folder. Default: `snapshots` in the table's folder.
   */
  folder?: string;
  /** How many snapshots are kept, at least 1. The oldest are removed. Default: all are kept. */
  keep?: number;
}

/** Checks the option `snapshots`. @throws DefinitionError */
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

/** The folder of a table's snapshots and how many are kept. `folder` is null if there is none, and `whyNone` says why. */
export function snapshotPlace(aggregate: string, options: SnapshotOptions | false, table: ReadTable) {
  const whyNone =
    options === false
      ? "found `snapshots: false`, expected `snapshots: { folder }` or no such option"
      : `its engine (${table.engine}) has no default folder for snapshots; expected \`snapshots: { folder }\``;
  if (options === false) return { folder: null, keep: null, whyNone };
  const { folder, keep = null } = options;
  return { folder: folder === undefined ? table.snapshotFolder : join(resolve(folder), aggregate), keep, whyNone };
}
