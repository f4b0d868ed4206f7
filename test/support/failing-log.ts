import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { Adapter } from "moleculer-event-sourcing";
import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

/** The fate of a commit: it is stored; it is not; it is stored, but the response is lost. */
export type Fate = "stored" | "failed" | "lost";

/** A log in memory whose commits take a while and end according to `fates`, in order. */
export function failingLog(fates: Iterator<Fate>): {
  adapter: Adapter;
  stored: RecordedEvent[];
  commits: () => number;
} {
  const place = memory();
  const stored: RecordedEvent[] = [];
  let commits = 0;
  const eventLog = (name: string) => {
    const log = place.eventLog!(name);
    const append: EventLog["append"] = async (requests) => {
      commits++;
      await new Promise((turn) => setImmediate(turn));
      const fate = fates.next().value as Fate | undefined;
      if (fate === "failed") throw new StoreUnavailableError("events", "the disk is full");
      const verdicts = await log.append(requests);
      for (const verdict of verdicts) if ("events" in verdict && !verdict.repeated) stored.push(...verdict.events);
      if (fate === "lost") throw new StoreUnavailableError("events", "the connection is lost");
      return verdicts;
    };
    return new Proxy(log, {
      get(target, name) {
        if (name === "append") return append;
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === "function" ? (found.bind(target) as unknown) : found;
      },
    });
  };
  return { adapter: { ...place, eventLog }, stored, commits: () => commits };
}
