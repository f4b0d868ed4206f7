import { Errors } from "moleculer";

/**
 * The result of an action exceeds one message between nodes. 413; `data` is `{action, actual, expected}` in bytes of
 * JSON; `actual` is a lower bound if counting stopped early.
 */
export class AnswerTooLargeError extends Errors.MoleculerClientError {
  override name = "AnswerTooLargeError";

  constructor(action: string, actual: number, expected: number, isMore = false) {
    super(
      `${action}: found a response of ${isMore ? "at least " : ""}${actual} bytes of JSON, expected at most ${expected} to another node: request less at a time (limit, page, fields)`,
      413,
      "ANSWER_TOO_LARGE",
      { action, actual, expected },
    );
  }
}
