import { inTime } from "../service/in-time.ts";
import type { ConsumerState } from "./consumer-state.ts";
import type { Consumer } from "./consumer.ts";
import type { EventSource } from "./event-source.ts";

/** What every consumer's `status` says. */
export interface ConsumerStatus {
  name: string;
  /** The node that answers: each that hosts an aggregate has a table of its own; of a subscription's, one works. */
  node: string;
  state: ConsumerState;
  /** The checkpoint: done up to and including this position of the log. */
  position: number;
  /** The log's last position, read for this answer; null where the store does not answer. */
  head: number | null;
  lag: number | null;
  /** What is wanted; `state` says when it is so. */
  paused: boolean;
  /** Why it waits, stopped or stands by. */
  cause: string | null;
}

interface Dependencies {
  name: string;
  node: string;
  source: Pick<EventSource, "page">;
}

export async function consumerStatus(
  { name, node, source }: Dependencies,
  consumer: Consumer,
  position: number,
): Promise<ConsumerStatus> {
  const page = await inTime(source.page(position, 0));
  const head = page?.head ?? null;
  const lag = head === null ? null : head - position;
  return {
    name,
    node,
    state: consumer.condition.stateAt(lag),
    position,
    head,
    lag,
    paused: page?.control.paused ?? consumer.isPaused,
    cause: consumer.condition.cause,
  };
}
