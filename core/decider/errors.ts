import { Errors } from "moleculer";

/** A command id was used before, with other params. 409; `data` is `{commandId, command}`. */
export class CommandIdReusedError extends Errors.MoleculerClientError {
  override name = "CommandIdReusedError";

  constructor(commandId: string, command: string) {
    super(
      `${command}: found command id "${commandId}" with other params than the first time, expected the same, or a new id`,
      409,
      "COMMAND_ID_REUSED",
      { commandId, command },
    );
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
