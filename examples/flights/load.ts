import { setTimeout as pause } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { AggregateStatus } from "moleculer-event-sourcing";
import type { Flight } from "./flight-data.ts";

/** Appends all flights with `callers` callers, each of which sends its next flight when its last one is stored. */
export async function departAll(
  broker: ServiceBroker,
  flights: readonly Flight[],
  { callers, onStored = () => {} }: { callers: number; onStored?: (stored: number) => void },
): Promise<void> {
  const waiting = flights.values();
  let stored = 0;
  const caller = async () => {
    for (const flight of waiting) {
      await broker.call("flights.depart", flight);
      onStored(++stored);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/**
 * Waits until `appended` has ended and every table has folded the whole log; reports the progress of the slowest.
 * @throws Error when a table has stopped
 */
export async function tablesCaughtUp(
  broker: ServiceBroker,
  tables: readonly string[],
  { appended, onFolded = () => {} }: { appended: Promise<unknown>; onFolded?: (position: number) => void },
): Promise<void> {
  let isAppended = false;
  const end = () => void (isAppended = true);
  appended.then(end, end);
  for (;;) {
    // Read before the tables' status: a lag of 0 does not include flights that are stored after the response.
    const wasAppended = isAppended;
    const asked = tables.map((table): Promise<AggregateStatus> => broker.call(`${table}.status`));
    const statuses = await Promise.all(asked);
    const stopped = statuses.find(({ state }) => state === "stopped");
    if (stopped) throw new Error(`${stopped.name} has stopped: ${stopped.cause}`);
    onFolded(Math.min(...statuses.map(({ position }) => position)));
    if (wasAppended && statuses.every(({ lag }) => lag === 0)) return;
    await pause(50);
  }
}
