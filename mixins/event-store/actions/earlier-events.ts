import type { Context } from "moleculer";
import { derivedEventId } from "../../../core/event/event-id.ts";
import { storedIdOf } from "../../../core/event/part-id.ts";
import { Pace } from "../../../core/concurrency/pace.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { isSameCommand } from "../../../core/log/command-hash.ts";
import { CommandIdReusedError } from "../../../core/log/command-id.ts";
import type { CommandTag } from "../../../core/log/command-tag.ts";
import type { StoredAnswer } from "../append/appends.ts";
import type { HistoryPage } from "./history-page.ts";

/** The events of an append with this command id; empty if there is none. */
export async function earlierEvents(ctx: Context, store: string, commandId: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = await ctx.call(`${store}.get`, { id: [derivedEventId(commandId, 0)] });
  if (events.length === 0) return [];
  const { stream } = events[0]!;
  const pace = new Pace();
  for (;;) {
    const afterVersion = events.at(-1)!.version;
    const page: HistoryPage = await ctx.call(`${store}.read`, { stream, afterVersion });
    for (const event of page.events) {
      // One that is read as several counts once.
      if (storedIdOf(event.id) === events.at(-1)!.id) continue;
      if (event.id !== derivedEventId(commandId, events.length)) return events;
      events.push(event);
    }
    if (page.end) return events;
    if (pace.isDue()) await pace.turn();
  }
}

/** The result of the append that stored these events. */
export function repeatedAnswer(events: RecordedEvent[]): StoredAnswer {
  const { stream, version, position } = events.at(-1)!;
  return { stream, version, position, events, repeated: true };
}

/**
 * Also for events that were not stored by this command, although they have the ids that follow from its id.
 * @throws CommandIdReusedError if a command with other params, or another one, has stored them; `what` differs
 */
export function assertSameCommand(
  { id, name, hash }: CommandTag,
  events: readonly RecordedEvent[],
  what?: string,
): void {
  const stored = (events.at(-1)!.meta["$command"] ?? {}) as Partial<CommandTag>;
  if (stored.id !== id || !isSameCommand(stored.hash, hash)) throw new CommandIdReusedError(id, name, what);
}
