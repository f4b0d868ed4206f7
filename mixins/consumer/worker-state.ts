import { isNewerEvent, neededRelease, newerEventOf, type NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";
import type { FailingEvent } from "./failure.ts";

/**
 * `standby`: another node does the work. `waiting`: a dependency does not respond, the log has not reached `startFrom`, or only a newer release
 * can read the next event. `stopped`: an operator has to act. All three have a cause.
 */
export type ConsumerState = "starting" | "folding" | "live" | "waiting" | "paused" | "stopped" | "standby";

/** The state of a worker at one moment; immutable, replaced when a part of it changes. */
export interface WorkerState {
  /** The control state of the last page; null before the first page. */
  readonly control: ConsumerControl | null;
  /** This node does the work. */
  readonly isWorking: boolean;
  readonly isCaughtUp: boolean;
  /** Since its start the worker has reached the end of the log. */
  readonly hasCaughtUp: boolean;
  /** The checkpoint was compared with the log and belongs to it. */
  readonly isLogKnown: boolean;
  /** A page has arrived; its events may not be handled yet. */
  readonly hasReachedStore: boolean;
  /** The error of the dependency that does not respond. */
  readonly waitingFor: string | null;
  /** The next event, if only a newer release can read it. */
  readonly newer: NewerEvent | null;
  /** Why the worker has stopped by itself. `byLog`: the log is another one; the checkpoint must not be saved there. */
  readonly block: { readonly cause: string; readonly byLog: boolean } | null;
}

export const startState: WorkerState = {
  control: null,
  isWorking: true,
  isCaughtUp: false,
  hasCaughtUp: false,
  isLogKnown: false,
  hasReachedStore: false,
  waitingFor: null,
  newer: null,
  block: null,
};

/** The state with some fields changed; the same object if nothing differs. */
export function changed(state: WorkerState, part: Partial<WorkerState>): WorkerState {
  for (const key in part) {
    const name = key as keyof WorkerState;
    if (state[name] !== part[name]) return { ...state, ...part };
  }
  return state;
}

/** The pause of everything ends without a new revision of this consumer's control state. */
export const isSame = (control: ConsumerControl, known: ConsumerControl | null): boolean =>
  control.revision === known?.revision && control.paused === known.paused;

/** Why the worker cannot run; null while it works or waits for a dependency. @param cause of its work */
export function haltOf({ control, block }: WorkerState, cause: string | null): string | null {
  if (control?.paused) return 'is paused; "resume" goes on';
  const why = block?.cause ?? cause;
  return why === null ? null : `is stopped: ${why}`;
}

/** `lag`: how far it is behind the log's end, measured now; null if unknown. @param cause why its work is blocked */
export function stateName(state: WorkerState, cause: string | null, lag: number | null): ConsumerState {
  if (state.control?.paused) return "paused";
  if ((state.block?.cause ?? cause) !== null) return "stopped";
  if (state.waitingFor !== null || state.newer !== null) return "waiting";
  if (!state.hasReachedStore) return "starting";
  if (!state.isWorking) return "standby";
  // One page may take long while the log grows.
  return state.isCaughtUp && (lag ?? 0) === 0 ? "live" : "folding";
}

/** Why it waits, is stopped or is a standby; null otherwise. @param leaseCause which node has the lease */
export function causeOf(state: WorkerState, blockedBy: string | null, leaseCause: string | null): string | null {
  const needed = state.newer && neededRelease(state.newer);
  return state.block?.cause ?? blockedBy ?? state.waitingFor ?? needed ?? (state.isWorking ? null : leaseCause);
}

/** Why a worker stops after this many parked events. */
export const parkedCause = (inARow: number, last = "unknown"): string =>
  `${inARow} events in a row were parked; the last: ${last}. "resume" goes on, "retry" tries them again`;

/**
 * An error as text for a status. It names the action that has not responded; Moleculer's message does not.
 * @param failing the event that has met the error; null if none has
 */
export function waitCause(error: unknown, failing: FailingEvent | null = null): string {
  const { type, data } = Object(error) as { type?: unknown; data?: { action?: unknown } };
  if (type === "REQUEST_TIMEOUT" && typeof data?.action === "string")
    return `${data.action} has not answered in time; look at what its service waits for`;
  // The newer event is another one, so skipping it is no way on.
  if (failing && isNewerEvent(error) && newerEventOf(error)?.id !== failing.id)
    return `a call for ${failing.type} ${failing.id} was refused: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
