import type { CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import { noteUnreadable, upcastKnown, type Unreadable } from "../../../core/catalogue/upcast-page.ts";
import type { DamagedEventError } from "../../../core/event/damaged-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";

/** The next events for the pump, upcast; the page ends before the first event of a newer release. */
export async function readPumpPage(
  { log, catalogue }: { log: EventLog; catalogue: CurrentCatalogue },
  after: number,
  limit: number,
): Promise<ReturnType<typeof upcastKnown> & { position: number; end: boolean }> {
  const unreadable: Record<string, Unreadable> = {};
  const onDamaged = (error: DamagedEventError) => noteUnreadable(unreadable, error);
  const { events, position, end } = await log.read({ after, limit, onDamaged });
  const page = upcastKnown(catalogue.current, { events, unreadable }, () => false);
  return { ...page, position: page.newer ? page.newer.position - 1 : position, end };
}
