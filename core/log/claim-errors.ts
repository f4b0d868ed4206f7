import { Errors } from "moleculer";
import { show } from "../errors/problem.ts";

/**
 * A value that must be unique belongs to another stream. 409; `data` is `{scope, value, stream}`, and `claimant` between a
 * store and its deciders. A gateway sends message and `data` to its callers, so a decider's error names the claimant in
 * neither.
 */
export class DuplicateClaimError extends Errors.MoleculerClientError {
  override name = "DuplicateClaimError";
  /** The stream that claims the value; not sent to another node. */
  declare readonly claimant?: string;

  constructor(scope: string, value: string, stream: string, claimant?: string) {
    super(
      `${scope}: found ${show(value)} claimed by ${claimant === undefined ? "another stream" : `stream ${show(claimant)}`}, expected unclaimed or claimed by ${show(stream)}`,
      409,
      "DUPLICATE_CLAIM",
      { scope, value, stream, ...(claimant !== undefined && { claimant }) },
    );
  }
}

/**
 * Nothing can be claimed now: the scope has not begun, has another definition, or lacks events that were stored without
 * their claims. A decider that knows the definition folds them and appends again. 503; `data` is `{scope}`.
 */
export class ClaimsBehindError extends Errors.MoleculerError {
  override name = "ClaimsBehindError";

  constructor(scope: string) {
    super(`${scope}: its claims do not follow the log; fold them and append again`, 503, "CLAIMS_BEHIND", { scope });
  }
}
