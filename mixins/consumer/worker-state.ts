import type { ConsumerControl } from "../../core/consumer/consumer-control.ts";

/**
 * `standby`: another node does the work. `waiting`: a dependency does not respond. `stopped`: an operator has to act.
 * All three with a cause.
 */
export type ConsumerState = "starting" | "folding" | "live" | "waiting" | "paused" | "stopped" | "standby";

/** What a worker knows of itself, at one moment: it is replaced when something of it changes. */
export interface WorkerState {
  /** What is wanted of the consumer, as the last page said; null before the first. */
  readonly control: ConsumerControl | null;
  /** This node does the work. */
  readonly isWorking: boolean;
  readonly isCaughtUp: boolean;
  /** Since its start it has been at the end of the log. */
  readonly hasCaughtUp: boolean;
  /** The log has been compared with the checkpoint, and is the checkpoint's. */
  readonly isLogKnown: boolean;
  /** A page has come; what it holds may still have to be done. */
  readonly hasReachedStore: boolean;
  /** The error of what does not respond. */
  readonly waitingFor: string | null;
  /** Why the worker stopped by itself. `byLog`: the log is another one, whose checkpoint must not be mixed with this one's. */
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
  block: null,
};

/** The state with some of it changed; the same object where nothing is. */
export function changed(state: WorkerState, part: Partial<WorkerState>): WorkerState {
  for (const key in part) {
    const name = key as keyof WorkerState;
    if (state[name] !== part[name]) return { ...state, ...part };
  }
  return state;
}

/** Why nothing can be done at the moment; null while it is at work or waits for a dependency. @param cause of its work */
export function haltOf({ control, block }: WorkerState, cause: string | null): string | null {
  if (control?.paused) return 'is paused; "resume" goes on';
  const why = block?.cause ?? cause;
  return why === null ? null : `is stopped: ${why}`;
}

/** `lag`: behind the log's end, as it is known at this moment; null where it is not. @param cause why its work is blocked */
export function stateName(state: WorkerState, cause: string | null, lag: number | null): ConsumerState {
  if (state.control?.paused) return "paused";
  if ((state.block?.cause ?? cause) !== null) return "stopped";
  if (state.waitingFor !== null) return "waiting";
  if (!state.hasReachedStore) return "starting";
  if (!state.isWorking) return "standby";
  // One page may take long, and the log goes on meanwhile.
  return state.isCaughtUp && (lag ?? 0) === 0 ? "live" : "folding";
}

/** Why it waits, stopped or stands by; null otherwise. @param leaseCause which node has the lease */
export function causeOf(state: WorkerState, blockedBy: string | null, leaseCause: string | null): string | null {
  return state.block?.cause ?? blockedBy ?? state.waitingFor ?? (state.isWorking ? null : leaseCause);
}

/** Why a worker stops after so many parked events. */
export const parkedCause = (inARow: number, last = "unknown"): string =>
  `${inARow} events in a row were parked; the last: ${last}. "resume" goes on, "retry" tries them again`;

/** An error for a status, which names the action that has not answered: Moleculer's own message does not. */
export function waitCause(error: unknown): string {
  const { type, data } = Object(error) as { type?: unknown; data?: { action?: unknown } };
  if (type === "REQUEST_TIMEOUT" && typeof data?.action === "string")
    return `${data.action} has not answered in time; look at what its service waits for`;
  return error instanceof Error ? error.message : String(error);
}
