import { pauseAll } from "../core/consumer/pause-of-all.ts";
import type { EventLog } from "../core/log/event-log.ts";
import { pumpKey } from "../mixins/event-store/pump/pump-checkpoint.ts";
import { checkpointsOf } from "./contents.ts";
import { openSource } from "./open-source.ts";
import { pausePlaceOf } from "./places.ts";
import { say } from "./say.ts";
import { parsePauseArguments } from "./usage.ts";

/**
 * The command `pause`: pauses the pump, all subscriptions and all process managers of a log, and prints its position and
 * theirs.
 * @throws UsageError; UnusableStoreError; StoreUnavailableError
 */
export async function pauseCommand(args: readonly string[]): Promise<void> {
  const place = pausePlaceOf(parsePauseArguments(args));
  const log = place.log();
  try {
    await openSource(log, { argument: "<log>", name: place.name, undone: "nothing was paused" });
    const wasPaused = await pauseAll(log.control);
    say(await endOf(log));
    for await (const { consumer, position } of checkpointsOf(log, pumpKey))
      say(`${consumer}: handled up to position ${position}`);
    const already = wasPaused ? "already " : "";
    say(`The pump, all subscriptions and all process managers are ${already}paused: call <store>.resumeAll to end it.`);
  } finally {
    await log.close();
    place.clear();
  }
}

async function endOf(log: EventLog): Promise<string> {
  const head = await log.head();
  if (head === 0) return "The log has no events.";
  const { events } = await log.read({ after: head - 1, limit: 1, onDamaged: () => {} });
  const last = events[0];
  return `The log ends at position ${head}${last ? `: ${last.type} of ${last.stream}, ${last.time}, id ${last.id}` : ""}.`;
}
