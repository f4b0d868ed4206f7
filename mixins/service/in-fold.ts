import type { ActionSchema, Context } from "moleculer";
import { WriteInFoldError } from "../../core/rows/fold-errors.ts";
import type { Origin } from "./own-actions.ts";

/** Where a call that a transform makes names its fold: see `FoldToken`. */
export const foldToken = "$fold";

/**
 * The generated actions that store nothing, wherever they are generated. Any other is refused in a fold, so that one that
 * is added later is refused until it is listed here.
 */
const reading: ReadonlySet<string> = new Set(
  [
    // Rows, events and the past.
    "find list get count resolve read streams history state trace positionAt at whatIf verify draft dryRun",
    // What is going on.
    "status parked instances snapshots snapshotsHere proveSnapshot building built",
    // Between nodes.
    "page states loadStream claimants",
  ].flatMap((names) => names.split(" ")),
);

/**
 * Law 12: `at`, `whatIf` and `verify` store nothing, and rows are a function of the log. A call in a fold carries the
 * fold's token, as far as it is made by its context; a mapped action and a command store, unless it is a dry run.
 * @throws WriteInFoldError
 */
export function refuseWriteInFold(ctx: Context, action: ActionSchema, origin: Origin, isDryRun: boolean): void {
  const token = (ctx.meta as { [foldToken]?: { aggregate?: unknown } | null })[foldToken];
  if (token === undefined || token === null) return;
  const { rawName = "" } = action as ActionSchema & { rawName?: string };
  const stores = origin === "declared" ? !isDryRun : !reading.has(rawName);
  if (stores) throw new WriteInFoldError(token.aggregate, action.name ?? rawName);
}
