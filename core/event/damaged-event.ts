import { Errors } from "moleculer";
import type { EventMeta, RecordedEvent } from "./recorded-event.ts";

/** An event as an engine stores it, with payload and meta as texts. */
export type StoredEvent = Omit<RecordedEvent, "payload" | "meta" | "link"> & { payload: string; meta: string };

/** A stored event cannot be parsed: its storage medium has changed it. 500; restore the log from a backup. */
export class DamagedEventError extends Errors.MoleculerError {
  override name = "DamagedEventError";

  constructor({ id, type, stream, version, position }: StoredEvent, field: "payload" | "meta", why: string) {
    super(
      `event ${id} (${type}, position ${position}, version ${version} of stream ${stream}) is damaged: its ${field} is ${why}. Restore the log from a backup, or skip the event where a consumer has parked it`,
      500,
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
  let field: "payload" | "meta" = "payload";
  try {
    const payload = JSON.parse(stored.payload) as RecordedEvent["payload"];
    field = "meta";
    const meta = JSON.parse(stored.meta) as EventMeta;
    if (meta !== null && typeof meta === "object" && !Array.isArray(meta))
      return { id, type, stream, version, position, time, payload, meta };
  } catch (error) {
    return damaged(stored, field, `no JSON (${(error as Error).message})`, onDamaged);
  }
  return damaged(stored, field, "no object", onDamaged);
}

function damaged(stored: StoredEvent, field: "payload" | "meta", why: string, onDamaged?: OnDamaged): RecordedEvent {
  const error = new DamagedEventError(stored, field, why);
  if (!onDamaged) throw error;
  onDamaged(error);
  const { id } = stored;
  return { ...stored, payload: {}, meta: { correlationId: id, causationId: id } };
}
