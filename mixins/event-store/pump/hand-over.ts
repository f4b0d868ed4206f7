import { Errors } from "moleculer";
import type { Unreadable } from "../../../core/catalogue/upcast-page.ts";
import { isDamagedEvent } from "../../../core/event/damaged-event.ts";
import { partsOf, type PageEvent } from "../../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { TimeLimit } from "../../consumer/time-limit.ts";

interface Dependencies {
  /** Hands one event to the broker; settles when the event's local handlers have settled. */
  deliver: (event: RecordedEvent) => Promise<unknown>;
  options: { timeoutMs: number };
  warn: (message: string, details: object) => void;
}

/** Hands an event to the broker, in its parts. A listener that fails or hangs does not stop the pump. */
export async function handOver(dependencies: Dependencies, timeLimit: TimeLimit, event: PageEvent): Promise<void> {
  for (const part of partsOf(event)) await handOne(dependencies, timeLimit, part);
}

async function handOne(
  { deliver, options, warn }: Dependencies,
  timeLimit: TimeLimit,
  event: RecordedEvent,
): Promise<void> {
  const { type, position } = event;
  try {
    await timeLimit.wait(type, deliver(freezeEvent(event)));
  } catch (error) {
    if (error instanceof Errors.RequestTimeoutError)
      warn(`A handler of ${type} takes longer than ${options.timeoutMs} ms; the pump goes on without it`, {
        position,
      });
    else warn(`The broker refused ${type}`, { position, error: String(error) });
  }
}

/** Listeners are best effort, so an event that cannot be read is passed with a warning. */
export function omit(
  { warn }: Pick<Dependencies, "warn">,
  { id, type, position }: RecordedEvent,
  defect: Unreadable,
): void {
  const why = isDamagedEvent(defect) ? "is damaged" : "cannot be upcast to the current catalogue";
  warn(`An event ${why}, so listeners do not get it`, { id, type, position, error: defect.message });
}
