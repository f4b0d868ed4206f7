import type { ActionSchema, Context } from "moleculer";
import { WriteInFoldError } from "../../core/rows/fold-errors.ts";
import { foldTokenOf } from "./fold-token.ts";
import type { Origin } from "./own-actions.ts";

/**
 * The generated actions that store nothing, of all mixins. Every other action is rejected in a fold, so an action that is
 * added later is rejected until it is listed here.
 */
const reading: ReadonlySet<string> = new Set(
  [
    // Rows, events and the past.
    "find list get count resolve read streams history state trace positionAt at whatIf verify draft dryRun",
    // Status.
    "status parked processes snapshots snapshotsHere proveSnapshot building built",
    // Between nodes.
    "page states loadStream claimants parkedHere",
  ].flatMap((names) => names.split(" ")),
);

/**
 * Rejects a call that stores in a fold: `at`, `whatIf` and `verify` store nothing, and rows are a function of the log.
 * A call that a transform makes with its `ctx` carries the fold's token. Declared actions (mapped actions and commands)
 * store, except a dry run.
 * @throws WriteInFoldError, or ValidationError for a token that no transform has sent
 */
export function assertNoWriteInFold(ctx: Context, action: ActionSchema, origin: Origin, isDryRun: boolean): void {
  const token = foldTokenOf(ctx);
  if (!token) return;
  const { rawName = "" } = action as ActionSchema & { rawName?: string };
  const stores = origin === "declared" ? !isDryRun : !reading.has(rawName);
  if (stores) throw new WriteInFoldError(token.table, action.name ?? rawName);
}
