import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import { noteUnreadable, upcastKnown, type Unreadable } from "../../../core/catalogue/upcast-page.ts";
import type { DamagedEventError } from "../../../core/event/damaged-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";

/** The next events for the pump, upcast; the page ends before the first event of a newer release. */
export async function readPumpPage(
  log: EventLog,
  catalogue: Catalogue,
  after: number,
  limit: number,
): Promise<ReturnType<typeof upcastKnown> & { end: boolean }> {
  const unreadable: Record<string, Unreadable> = {};
  const onDamaged = (error: DamagedEventError) => noteUnreadable(unreadable, error);
  const { events, end } = await log.read({ after, limit, onDamaged });
  return { ...upcastKnown(catalogue, { events, unreadable }, () => false), end };
}
