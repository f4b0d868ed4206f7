import { Errors } from "moleculer";
import { ValidationError } from "../errors/errors.ts";

const maxCharacters = 255;

/**
 * The id that a caller gave a command; undefined without one. A number is taken for its text, since the REPL turns digits
 * into numbers. @throws ValidationError
 */
export function toCommandId(field: string, found: unknown): string | undefined {
  if (found === undefined || found === null) return undefined;
  const id = typeof found === "number" && Number.isFinite(found) ? String(found) : found;
  if (typeof id === "string" && id !== "" && id.length <= maxCharacters && id.isWellFormed()) return id;
  throw new ValidationError([
    { field, found, expected: `a string of 1 to ${maxCharacters} characters, well-formed Unicode` },
  ]);
}

/** A command id was used before, with other params or events. 409; `data` is `{commandId, command}`. */
export class CommandIdReusedError extends Errors.MoleculerClientError {
  override name = "CommandIdReusedError";

  /** `what` differs from the first time. */
  constructor(commandId: string, command: string, what = "params") {
    super(
      `${command}: found command id "${commandId}" with other ${what} than the first time, expected the same, or a new id`,
      409,
      "COMMAND_ID_REUSED",
      { commandId, command },
    );
  }
}

/** Whether an error means that this command id was used for another command. Compared by fields, as it may cross nodes. */
export function isCommandIdReused(error: unknown, commandId: string): boolean {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: { commandId?: unknown } | null };
  return type === "COMMAND_ID_REUSED" && data?.commandId === commandId;
}
