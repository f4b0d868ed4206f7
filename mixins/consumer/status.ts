import { NewerEventError, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import { asParkedError } from "../../core/event/parked-error.ts";
import { inTime } from "../service/in-time.ts";
import type { EventSource } from "./event-source.ts";
import type { FailingEvent } from "./failure.ts";
import type { Work } from "./work.ts";
import type { Worker } from "./worker.ts";
import { causeOf, stateName, type ConsumerState } from "./worker-state.ts";

/** The fields of every consumer's `status`. */
export interface CommonStatus {
  name: string;
  /** The node that responds. Each host of an aggregate has its own table; of a subscription's hosts, one works. */
  node: string;
  state: ConsumerState;
  /** The checkpoint: every event up to and including this position is done. */
  position: number;
  /** The log's last position, read for this status; null if the store does not respond. */
  head: number | null;
  lag: number | null;
  /** The requested state; `state` shows whether it is reached. */
  paused: boolean;
  /** Why the consumer waits, is stopped or is a standby. */
  cause: string | null;
  /** The event that has failed and is tried again, or before which the consumer has stopped; null if there is none. */
  failing: FailingEvent | null;
}

interface Dependencies {
  name: string;
  node: string;
  source: Pick<EventSource, "page">;
}

export async function consumerStatus(
  { name, node, source }: Dependencies,
  worker: Worker,
  work: Pick<Work, "state" | "lease" | "failures">,
  position: number,
): Promise<CommonStatus> {
  const page = await inTime(source.page(position, 0));
  const head = page?.head ?? null;
  const lag = head === null ? null : head - position;
  const { state } = worker;
  const { blockedBy } = work.state;
  return {
    name,
    node,
    state: stateName(state, blockedBy, lag),
    position,
    head,
    lag,
    paused: page?.control.paused ?? state.control?.paused ?? false,
    cause: causeOf(state, blockedBy, work.lease?.cause ?? null),
    failing: work.failures.first(worker.outages.nextTryAt) ?? awaitedEvent(state.newer),
  };
}

/** An event that only a newer release can read, as a failing one that was not tried. */
function awaitedEvent(newer: NewerEvent | null): FailingEvent | null {
  if (!newer) return null;
  const { id, type, stream, version, position } = newer;
  const error = asParkedError(new NewerEventError(newer));
  return { id, type, stream, version, position, attempts: 0, error, nextTryAt: null };
}

/** The ids of the events that the consumer waits for: a skip may give them up. */
export const awaitedIds = (worker: Worker, work: Pick<Work, "failures">): string[] => {
  const { newer } = worker.state;
  return [...(newer ? [newer.id] : []), ...work.failures.ids];
};
