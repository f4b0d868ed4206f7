import { isDeepStrictEqual } from "node:util";
import type { NewEvent } from "./new-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/**
 * Whether an event that is sent again says the same as the stored one. Meta does not count: the second request has
 * another context, so other ids; the order of keys does not count either, nor the version of the payload's schema.
 */
export const isSameContent = (stored: RecordedEvent, stream: string, event: NewEvent): boolean =>
  stored.stream === stream &&
  stored.type === event.type &&
  (isDeepStrictEqual(stored.payload, event.payload) || event.isSameToday?.(stored) === true);
