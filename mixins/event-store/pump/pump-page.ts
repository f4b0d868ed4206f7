import type { CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import { withNewNames, type HandledTypes } from "../../../core/catalogue/new-names.ts";
import { noteUnreadable, upcastKnown, type Unreadable } from "../../../core/catalogue/upcast-page.ts";
import type { DamagedEventError } from "../../../core/event/damaged-event.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { RecordedNames } from "../../../core/log/recorded-names.ts";

/** The host of a store without a catalogue does not know what the listeners know. */
const inCatalogue: HandledTypes = { isWanted: () => true, exact: new Set() };

/** What the pump reads. */
export interface PumpedLog {
  log: EventLog;
  catalogue: CurrentCatalogue;
  names: RecordedNames;
}

/** The next events for the pump, upcast; the page ends before the first event of a newer release. */
export async function readPumpPage(
  { log, catalogue, names }: PumpedLog,
  after: number,
  limit: number,
): Promise<ReturnType<typeof upcastKnown> & { position: number; end: boolean }> {
  const unreadable: Record<string, Unreadable> = {};
  const onDamaged = (error: DamagedEventError) => noteUnreadable(unreadable, error);
  const { events, position, end } = await log.read({ after, limit, onDamaged });
  const { current } = catalogue;
  const formerNames = current.entries.size > 0 ? await names.of(events) : undefined;
  const known = formerNames ? withNewNames(current, formerNames, inCatalogue) : current;
  const page = upcastKnown(known, { events, unreadable }, () => false);
  return { ...page, position: page.newer ? page.newer.position - 1 : position, end };
}
