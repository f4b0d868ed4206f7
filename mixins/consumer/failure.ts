import { asParkedError, type ParkedError } from "../../core/event/parked-error.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

/** An event that has failed and is neither done nor parked: the consumer tries it again, or has stopped before it. */
export interface FailingEvent extends Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position"> {
  /** Of a process manager: the process that the event belongs to. */
  process?: string;
  attempts: number;
  /** The last one. */
  error: ParkedError;
  /** ISO 8601; null during an attempt, and after a stop. */
  nextTryAt: string | null;
}

/** The event that has failed; for a deadline, an event that stands for it. */
export interface Failed {
  event: RecordedEvent;
  process?: string;
  /** The functions that it runs. */
  needs?: readonly unknown[];
}

export interface Failure extends Failed {
  attempts: number;
  /** How many attempts count against the retries of the policy; those of an outage do not. */
  counted: number;
  error: unknown;
  nextTryAt: number | null;
  /** Its last error was taken for an outage's. */
  isAwaited: boolean;
  /** A later event has passed its handler meanwhile, so there is no outage. */
  isOwn: boolean;
  /** Only its process waits: all others go on, so it says nothing about an outage. */
  isSetAside: boolean;
  /** The number of attempts after which later events are probed next. */
  probeAfter: number;
  /** So many of its later events were probed and have failed: the next probe begins behind them. */
  probedInVain: number;
  /** After so many of its attempts, an event of another process was begun that has passed what it needs. */
  witnessedAfter: number;
}

/** Whether an event of another process has passed during the last attempt. */
export const isWitnessed = ({ witnessedAfter, attempts }: Failure): boolean => witnessedAfter === attempts - 1;

export function shownFailure({ event, process, attempts, error }: Failure, nextTryAt: number | null): FailingEvent {
  const { id, type, stream, version, position } = event;
  return {
    id,
    type,
    stream,
    version,
    position,
    ...(process !== undefined && { process }),
    attempts,
    error: asParkedError(error),
    nextTryAt: nextTryAt === null ? null : new Date(nextTryAt).toISOString(),
  };
}
