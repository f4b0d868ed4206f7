import { Errors } from "moleculer";

/** What an action of ours would answer to another node is more than one message carries. 413; `data` is `{action, actual, expected}` in bytes of JSON; `actual` may be what was counted until it was too much. */
export class AnswerTooLargeError extends Errors.MoleculerClientError {
  override name = "AnswerTooLargeError";

  constructor(action: string, actual: number, expected: number, isMore = false) {
    super(
      `${action}: found an answer of ${isMore ? "at least " : ""}${actual} bytes of JSON, expected at most ${expected} to another node: ask for less at a time (limit, page, fields)`,
      413,
      "ANSWER_TOO_LARGE",
      { action, actual, expected },
    );
  }
}
