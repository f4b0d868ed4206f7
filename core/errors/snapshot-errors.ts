import { Errors } from "moleculer";
import { inWords, portable, type Problem, show } from "./problem.ts";

/** No folder for snapshots is configured. 409. */
export class SnapshotsNotConfiguredError extends Errors.MoleculerClientError {
  override name = "SnapshotsNotConfiguredError";

  constructor(table: string, why: string) {
    super(`${table}: ${why}`, 409, "SNAPSHOTS_NOT_CONFIGURED", { table, why });
  }
}

/** No complete snapshot has this id. 404. */
export class UnknownSnapshotError extends Errors.MoleculerClientError {
  override name = "UnknownSnapshotError";

  constructor(table: string, id: unknown) {
    super(`${table}: found no snapshot ${show(id)}; expected one that "snapshots" lists`, 404, "UNKNOWN_SNAPSHOT", {
      table,
      id: portable(id),
    });
  }
}

/** The snapshot belongs to another table, definition or log. 409; `data` is `{id, field, expected, actual}`. */
export class SnapshotMismatchError extends Errors.MoleculerClientError {
  override name = "SnapshotMismatchError";

  constructor(id: string, { field, found, expected }: Problem) {
    super(`snapshot ${id}: ${inWords([{ field, found, expected }])}`, 409, "SNAPSHOT_MISMATCH", {
      id,
      field,
      expected,
      actual: portable(found),
    });
  }
}

/** The snapshot's files are not as they were written. 500. */
export class SnapshotDamagedError extends Errors.MoleculerError {
  override name = "SnapshotDamagedError";

  constructor(location: string, why: string, cause?: unknown) {
    super(`${location}: the snapshot is damaged: ${why}`, 500, "SNAPSHOT_DAMAGED", { location, why });
    if (cause !== undefined) this.cause = cause;
  }
}

/** The table is being rebuilt already; one rebuild runs at a time. 409; `data` is the running job. */
export class RebuildRunningError extends Errors.MoleculerClientError {
  override name = "RebuildRunningError";

  constructor(table: string, job: object) {
    super(
      `${table}: another table is being built beside the live one; expected none, "cancel" ends it`,
      409,
      "REBUILD_RUNNING",
      { table, ...job },
    );
  }
}

/**
 * A rebuild or restore ended without a switch: it was cancelled, or its events could not be folded. 409. The live table
 * is unchanged.
 */
export class RebuildFailedError extends Errors.MoleculerClientError {
  override name = "RebuildFailedError";

  constructor(table: string, why: string) {
    super(`${table}: the table is unchanged: ${why}`, 409, "REBUILD_FAILED", { table, why });
  }
}

/**
 * The live table was folded with another definition than today's. 409; `data` is `{table, field, expected, actual}`.
 */
export class StaleTableError extends Errors.MoleculerClientError {
  override name = "StaleTableError";

  constructor(table: string, { field, found, expected }: Problem) {
    super(
      `${table}: its table was folded by another definition, ${inWords([{ field, found, expected }])}; "rebuild" folds it by today's`,
      409,
      "STALE_TABLE",
      { table, field, expected, actual: portable(found) },
    );
  }
}
