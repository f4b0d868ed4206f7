import { Errors } from "moleculer";
import { brief, portable, show } from "../errors/problem.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** An upcaster's message may quote a whole payload. */
const maxReasonCharacters = 1000;

/** A stored event that the catalogue cannot convert to today's version. 500; an upcaster has to be fixed. */
export class UpcastFailedError extends Errors.MoleculerError {
  override name = "UpcastFailedError";

  constructor(
    event: Pick<RecordedEvent, "id" | "type" | "position" | "stream">,
    version: unknown,
    why: string,
    cause?: unknown,
  ) {
    const { id, type, position, stream } = event;
    const schemaVersion = portable(version);
    const reason = brief(why, maxReasonCharacters);
    super(
      `event ${id} (${type}, position ${position}, schema version ${show(version)}): ${reason}`,
      500,
      "UPCAST_FAILED",
      { id, type, position, stream, schemaVersion, why: reason },
    );
    if (cause !== undefined) this.cause = cause;
  }
}

/**
 * Whether this release cannot convert the event: its upcaster fails, or it is of a newer release. Compared by type, since an
 * error from another node is not an instance of this class.
 */
export const isUpcastError = (error: unknown): boolean =>
  error !== null &&
  typeof error === "object" &&
  "type" in error &&
  (error.type === "UPCAST_FAILED" || error.type === "NEWER_EVENT");
