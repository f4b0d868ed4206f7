import { Errors } from "moleculer";
import { asData, inWords, type Problem } from "../errors/problem.ts";

/**
 * The result of a decider's function has the wrong shape: what `decide` returned is no event, or a claim's rule found
 * no text or number. An error of the author, whatever the caller sent. 500.
 */
export class InvalidDecisionError extends Errors.MoleculerError {
  override name = "InvalidDecisionError";

  constructor(problems: readonly Problem[]) {
    super(inWords(problems), 500, "INVALID_DECISION", asData(problems));
  }
}

/** A function of a decider changed its arguments. 500, not retryable; `data` is `{decider, function, property}`. */
export class FrozenStateError extends Errors.MoleculerError {
  override name = "FrozenStateError";

  constructor(decider: string, where: string, property: string, cause: unknown) {
    const expected = /^\d+$/.test(property) ? "a new array" : `a new object: ({ ...state, ${property}: … })`;
    super(
      `${decider}: ${where} changed "${property}" of a given state or event, expected ${expected}`,
      500,
      "FROZEN_STATE",
      { decider, function: where, property },
    );
    this.cause = cause;
  }
}
