import { Errors } from "moleculer";

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
