import { Errors } from "moleculer";
import { inWords, portable, type Problem, show } from "./problem.ts";

/** The table has no folder for snapshots. 409. */
export class SnapshotsNotConfiguredError extends Errors.MoleculerClientError {
  override name = "SnapshotsNotConfiguredError";

  constructor(aggregate: string, why: string) {
    super(`${aggregate}: ${why}`, 409, "SNAPSHOTS_NOT_CONFIGURED", { aggregate, why });
  }
}

/** No complete snapshot has this id. 404. */
export class UnknownSnapshotError extends Errors.MoleculerClientError {
  override name = "UnknownSnapshotError";

  constructor(aggregate: string, id: unknown) {
    super(`${aggregate}: found no snapshot ${show(id)}; expected one that "snapshots" lists`, 404, "UNKNOWN_SNAPSHOT", {
      aggregate,
      id: portable(id),
    });
  }
}

/** The snapshot is of another aggregate, another definition or another log. 409; `data` is `{id, field, found, expected}`. */
export class SnapshotMismatchError extends Errors.MoleculerClientError {
  override name = "SnapshotMismatchError";

  constructor(id: string, { field, found, expected }: Problem) {
    super(`snapshot ${id}: ${inWords([{ field, found, expected }])}`, 409, "SNAPSHOT_MISMATCH", {
      id,
      field,
      found: portable(found),
      expected,
    });
  }
}

/** The snapshot's files are not what was written. 409. */
export class SnapshotDamagedError extends Errors.MoleculerClientError {
  override name = "SnapshotDamagedError";

  constructor(location: string, why: string, cause?: unknown) {
    super(`${location}: the snapshot is damaged: ${why}`, 409, "SNAPSHOT_DAMAGED", { location, why });
    if (cause !== undefined) this.cause = cause;
  }
}

/** A table is built anew, and only one at a time can be. 409; `data` is the job that runs. */
export class RebuildRunningError extends Errors.MoleculerClientError {
  override name = "RebuildRunningError";

  constructor(aggregate: string, job: object) {
    super(
      `${aggregate}: another table is being built beside the live one; expected none, "cancel" ends it`,
      409,
      "REBUILD_RUNNING",
      { aggregate, ...job },
    );
  }
}

/** A rebuild or restore ended without a switch: it was cancelled, or its events could not be folded. 409. The live table is as it was. */
export class RebuildFailedError extends Errors.MoleculerClientError {
  override name = "RebuildFailedError";

  constructor(aggregate: string, why: string) {
    super(`${aggregate}: the table is as it was: ${why}`, 409, "REBUILD_FAILED", { aggregate, why });
  }
}

/** The live table was folded by another definition than today's. 409; `data` is `{aggregate, field, found, expected}`. */
export class StaleTableError extends Errors.MoleculerClientError {
  override name = "StaleTableError";

  constructor(aggregate: string, { field, found, expected }: Problem) {
    super(
      `${aggregate}: its table was folded by another definition, ${inWords([{ field, found, expected }])}; "rebuild" folds it by today's`,
      409,
      "STALE_TABLE",
      { aggregate, field, found: portable(found), expected },
    );
  }
}
