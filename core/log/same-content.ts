import { isDeepStrictEqual } from "node:util";
import type { NewEvent } from "./new-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/**
 * Whether an event that is sent again equals the stored one. Ignores meta, since a second request has another context
 * with other ids; also ignores the order of keys and the schema version.
 */
export const isSameContent = (stored: RecordedEvent, stream: string, event: NewEvent): boolean =>
  stored.stream === stream &&
  ((stored.type === event.type && isDeepStrictEqual(stored.payload, event.payload)) ||
    event.isSameToday?.(stored) === true);
