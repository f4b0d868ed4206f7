import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { ConsumerPage } from "./consumer-page.ts";
import { isWitnessed, type Failure } from "./failure.ts";
import type { Failures } from "./failures.ts";

/** How many later events are probed at most for one that fails. */
export const mostProbed = 5;

interface Probing<Candidate> {
  failures: Pick<Failures, "suspects" | "confirm" | "acquit">;
  /** The later events of other streams that need what the suspect needs. */
  candidates: (suspect: Failure) => AsyncIterable<Candidate>;
  /** Passes the event through its handler; false if that fails. */
  passes: (candidate: Candidate, suspect: Failure) => Promise<boolean>;
  isInterrupted: () => boolean;
}

/**
 * Tells an event whose call always fails from an outage, by passing later events through the same handler. Returns true
 * if one has passed: then the event is tried once more, and parked if it fails.
 * @throws the error of the log or the table
 */
export async function probe<Candidate>(probing: Probing<Candidate>): Promise<boolean> {
  for (const suspect of probing.failures.suspects) if (await probeFor(suspect, probing)) return true;
  return false;
}

async function probeFor<Candidate>(suspect: Failure, probing: Probing<Candidate>): Promise<boolean> {
  const { failures, candidates, passes, isInterrupted } = probing;
  if (isInterrupted()) return false;
  if (isWitnessed(suspect)) {
    failures.confirm(suspect);
    return true;
  }
  let probed = 0;
  let before = suspect.probedInVain;
  for await (const candidate of candidates(suspect)) {
    if (before-- > 0) continue;
    if (await passes(candidate, suspect)) {
      failures.confirm(suspect);
      return true;
    }
    if (isInterrupted()) return false;
    if (++probed === mostProbed) break;
  }
  // A few other events that never pass must not hide those behind them. After the last one, it begins again.
  suspect.probedInVain = probed === mostProbed ? suspect.probedInVain + probed : 0;
  if (probed > 0) failures.acquit(suspect);
  return false;
}

/** `end` is omitted if no later page belongs to it. */
interface LaterPage extends Pick<ConsumerPage, "position" | "unreadable" | "newer"> {
  events: readonly RecordedEvent[];
  end?: boolean;
}

/** An event of a page, and whether it can be upcast. */
export interface LaterEvent {
  event: RecordedEvent;
  isReadable: boolean;
}

/** The events of a page and of the pages after it, in the order of the log, until about `reach` were read. */
export async function* eventsFrom(
  first: LaterPage,
  pageAfter: (position: number) => Promise<LaterPage>,
  reach = 10_000,
): AsyncGenerator<LaterEvent> {
  let count = 0;
  for (let page = first, from = -1; page.position > from; from = page.position, page = await pageAfter(from)) {
    for (const event of page.events) yield { event, isReadable: page.unreadable?.[event.id] === undefined };
    count += page.events.length;
    if (page.end !== false || page.newer || count >= reach) return;
  }
}

/** The first event of each stream after the suspect, if it is readable; without the suspect's own stream. */
export async function* firstOfOtherStreams(
  events: AsyncIterable<LaterEvent>,
  { event: { id, stream } }: Failure,
  isDone: (event: RecordedEvent) => boolean,
): AsyncGenerator<RecordedEvent> {
  const seen = new Set([stream]);
  let isAfter = false;
  for await (const { event, isReadable } of events) {
    if (isAfter && !seen.has(event.stream) && !isDone(event)) {
      seen.add(event.stream);
      if (isReadable) yield event;
    }
    isAfter ||= event.id === id;
  }
}

/** Whether a candidate passes every handler that the suspect needs. */
export const needsAll = (handlers: readonly unknown[], suspects: readonly unknown[]): boolean =>
  suspects.every((handler) => handlers.includes(handler));
