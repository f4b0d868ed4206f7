import { Errors } from "moleculer";
import { brief } from "../errors/problem.ts";

/**
 * A query with the token of a fold that has ended: its transform did not await it, or the event is no longer being
 * folded. 409.
 */
export class FoldEndedError extends Errors.MoleculerClientError {
  override name = "FoldEndedError";

  /** @param pending the query or call that the transform did not await; omitted: the one that gets this error */
  constructor(table: string, pending?: string) {
    super(
      pending === undefined
        ? `${table}: this query belongs to a transform that has ended; a transform must await its queries before it returns`
        : `${table}: the transform returned without an await of ${pending}; it must await its queries and calls before it returns`,
      409,
      "FOLD_ENDED",
      { table },
    );
  }
}

/**
 * A transform, or an action that it called, tried to store something: an error of the event. 409; `data` is
 * `{table, action}`.
 */
export class WriteInFoldError extends Errors.MoleculerClientError {
  override name = "WriteInFoldError";

  constructor(table: string, action: string) {
    const of = brief(table);
    super(
      `${action}: found a call by a transform of ${of}, expected none: rows are a function of the log, so a fold stores nothing; use a Subscription or a ProcessManager to act on an event`,
      409,
      "WRITE_IN_FOLD",
      { table: of, action },
    );
  }
}
