import { isDeepStrictEqual } from "node:util";
import type { AppendRequest } from "../../core/log/append-request.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

export type PlainEvent = Omit<RecordedEvent, "time">;
export type PlainVerdict = { events: PlainEvent[]; repeated: boolean } | { refused: string; data?: object };

/** The model of a log: one array and plain loops. */
export class PlainLog {
  events: PlainEvent[] = [];

  version(stream: string): number {
    return this.events.filter((event) => event.stream === stream).length;
  }

  append({ stream, events, expectedVersion, idAfterLast }: AppendRequest): PlainVerdict {
    const stored = events.map(({ id }) => this.events.find((event) => event.id === id));
    if (stored.some((event) => event !== undefined)) {
      const isSame = events.every(({ type, payload }, index) => {
        const event = stored[index];
        if (event?.stream !== stream || event.version !== stored[0]!.version + index) return false;
        return event.type === type && isDeepStrictEqual(event.payload, payload);
      });
      return isSame && !this.events.some(({ id }) => id === idAfterLast)
        ? { events: stored as PlainEvent[], repeated: true }
        : { refused: "EVENT_ID_REUSED" };
    }
    const actual = this.version(stream);
    const right = { any: true, "no-stream": actual === 0, "stream-exists": actual > 0 };
    if (!(typeof expectedVersion === "number" ? expectedVersion === actual : right[expectedVersion]))
      return { refused: "VERSION_CONFLICT", data: { expected: expectedVersion, actual } };
    const added = events.map(({ id, type, payload, meta }, index): PlainEvent => {
      const position = this.events.length + 1 + index;
      return {
        id,
        type,
        stream,
        version: actual + 1 + index,
        position,
        payload: payload as PlainEvent["payload"],
        meta,
      };
    });
    this.events = [...this.events, ...added];
    return { events: added, repeated: false };
  }
}
