import { Errors } from "moleculer";
import { brief } from "../errors/problem.ts";

/** A fold's token that does not belong to the event being folded right now, or a query that a transform did not await. 409. */
export class FoldEndedError extends Errors.MoleculerClientError {
  override name = "FoldEndedError";

  constructor(aggregate: string) {
    super(
      `${aggregate}: this query belongs to a transform that has ended; a transform must await its queries before it returns`,
      409,
      "FOLD_ENDED",
      { aggregate },
    );
  }
}

/** A transform, or an action that it called, was to store something: an error of the event. 409; `data` is `{aggregate, action}`. */
export class WriteInFoldError extends Errors.MoleculerClientError {
  override name = "WriteInFoldError";

  constructor(aggregate: unknown, action: string) {
    const of = brief(String(aggregate));
    super(
      `${action}: found a call by a transform of ${of}, expected none: rows are a function of the log, so a fold stores nothing; use a Subscription or a ProcessManager to act on an event`,
      409,
      "WRITE_IN_FOLD",
      { aggregate: of, action },
    );
  }
}
