import type { Context } from "moleculer";
import { eventIdOfKey } from "../../core/event/event-id.ts";
import { Pace } from "../../core/concurrency/pace.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

/** The events that were stored with a command's key; empty if the key is new. */
export async function earlierEvents(ctx: Context, store: string, key: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = await ctx.call(`${store}.get`, { id: [eventIdOfKey(key, 0)] });
  if (events.length === 0) return [];
  const { stream } = events[0]!;
  const pace = new Pace();
  for (;;) {
    const afterVersion = events.at(-1)!.version;
    const page: RecordedEvent[] = await ctx.call(`${store}.read`, { stream, afterVersion });
    for (const event of page) {
      if (event.id !== eventIdOfKey(key, events.length)) return events;
      events.push(event);
    }
    if (page.length === 0) return events;
    if (pace.isDue()) await pace.turn();
  }
}
