import { NewerEventError } from "../catalogue/newer-event.ts";
import type { AppendRequest } from "./append-request.ts";
import { EventIdReusedError } from "../errors/errors.ts";
import type { AppendVerdict } from "./event-log.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { isSameContent } from "./same-content.ts";

/**
 * Recognises a repeated append: null if all ids are new, the stored events if the same append was sent again, an error
 * if an id was used for something else, or by a newer release. Call it inside the commit, before versions are compared.
 */
export function repeatOf(
  request: AppendRequest,
  storedById: (id: string) => RecordedEvent | undefined,
): AppendVerdict | null {
  try {
    return verdictOf(request, storedById);
  } catch (error) {
    // The other appends of the commit are not concerned.
    if (error instanceof NewerEventError) return { error };
    throw error;
  }
}

function verdictOf(
  { stream, events, idAfterLast }: AppendRequest,
  storedById: (id: string) => RecordedEvent | undefined,
): AppendVerdict | null {
  const found: RecordedEvent[] = [];
  for (const event of events) {
    const stored = event.idWasGenerated ? undefined : storedById(event.id);
    if (!stored) continue;
    if (!isSameContent(stored, stream, event))
      return reused(event.id, `is stored with other content at position ${stored.position} in stream ${stored.stream}`);
    found.push(stored);
  }
  if (found.length === 0) return null;
  const first = events[0]!.id;
  if (found.length < events.length)
    return reused(
      found[0]!.id,
      `${found.length} of the ${events.length} events are stored already, the others are not`,
    );
  if (found.some(({ version }, index) => version !== found[0]!.version + index))
    return reused(first, "the events are stored in another order or not as one append");
  if (idAfterLast !== null && storedById(idAfterLast))
    return reused(first, "its command id was used for an append of more events");
  return { events: found, repeated: true };
}

const reused = (id: string, why: string): AppendVerdict => ({ error: new EventIdReusedError(id, why) });
