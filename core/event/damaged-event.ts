import { Errors } from "moleculer";
import type { EventMeta, RecordedEvent } from "./recorded-event.ts";

/** An event as an engine stores it, with payload and meta as texts. */
export type StoredEvent = Omit<RecordedEvent, "payload" | "meta" | "link"> & { payload: string; meta: string };

/** A stored event cannot be parsed: its storage medium has changed it. 409; restore the log from a backup. */
export class DamagedEventError extends Errors.MoleculerClientError {
  override name = "DamagedEventError";

  constructor({ id, type, stream, version, position }: StoredEvent, field: "payload" | "meta", why: string) {
    super(
      `event ${id} (${type}, position ${position}, version ${version} of stream ${stream}) is damaged: its ${field} is ${why}. Restore the log from a backup, or skip the event where a consumer has parked it`,
      409,
      "DAMAGED_EVENT",
      { id, type, stream, version, position, field, why },
    );
  }
}

/** Compared by type, since an error from another node is not an instance of this class. */
export const isDamagedEvent = (error: unknown): boolean =>
  error !== null && typeof error === "object" && "type" in error && error.type === "DAMAGED_EVENT";

/** Called with the error of each damaged event. */
export type OnDamaged = (error: DamagedEventError) => void;

/**
 * Parses a stored event. A damaged one is passed to `onDamaged`, and returned with an empty payload and its own id as
 * its cause; all other fields are intact.
 * @throws DamagedEventError if the event is damaged and `onDamaged` is omitted
 */
export function readStored(stored: StoredEvent, onDamaged?: OnDamaged): RecordedEvent {
  const { id, type, stream, version, position, time } = stored;
  try {
    return {
      id,
      type,
      stream,
      version,
      position,
      time,
      payload: parsed(stored, "payload") as RecordedEvent["payload"],
      meta: parsed(stored, "meta") as EventMeta,
    };
  } catch (error) {
    if (!onDamaged || !(error instanceof DamagedEventError)) throw error;
    onDamaged(error);
    return { id, type, stream, version, position, time, payload: {}, meta: { correlationId: id, causationId: id } };
  }
}

function parsed(stored: StoredEvent, field: "payload" | "meta"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(stored[field]);
  } catch (error) {
    throw new DamagedEventError(stored, field, `no JSON (${(error as Error).message})`);
  }
  if (field === "meta" && (value === null || typeof value !== "object" || Array.isArray(value)))
    throw new DamagedEventError(stored, field, "no object");
  return value;
}
