import type { KeptDeadline } from "./deadline.ts";
import type { ParkedEvent } from "../table/read-table.ts";
import type { ParkedError } from "../event/parked-error.ts";

/**
 * A parked event or deadline of a process manager. A deadline has its name as `type`, and neither stream, version nor
 * position.
 */
export interface ParkedProcess extends ParkedEvent {
  /** The correlation value; "" if the event could not be read or correlated. */
  process: string;
  kind: "event" | "deadline";
}

/** A stored refusal or failure: the fields of an error that cross nodes. */
export type KeptError = ParkedError;

/** A command's refusal, with the `commandHash` of its params: another command is not refused for them. */
export type KeptRefusal = KeptError & { hash: string };

/**
 * Facts found while an event or deadline is handled. Another attempt, for example after a crash, must use them: a
 * command that was refused then might be accepted now, after another was sent in its place.
 */
export interface Known {
  /** The id of the event or deadline. */
  of: string;
  /** The refusals of its commands, by command id. */
  refusals: Readonly<Record<string, KeptRefusal>>;
  /** It has failed finally; `compensate` runs. */
  failure?: KeptError;
}

/**
 * The waiting events of a process. The log determines which ones, so the stored size does not grow with their number.
 * They lie between `from` and the process's own position, both included.
 */
export interface Waiting {
  /** The position of the first of them, or an earlier one. */
  readonly from: number;
  readonly count: number;
}

/** One process, as it is stored in the store's engine. Each change is stored before the next event is handled. */
export interface StoredProcess {
  readonly state: unknown;
  /** Its events up to this position are handled, parked or waiting. */
  readonly position: number;
  readonly deadlines: readonly KeptDeadline[];
  /** Blocks everything else of this process. */
  readonly parked?: ParkedProcess;
  /** Its events that wait behind the parked one, or did when this node stopped; omitted if there are none. */
  readonly waiting?: Waiting;
  /**
   * Positions that were handled out of order, since these events could not be correlated at first. Each is kept until
   * its event is no longer parked.
   */
  readonly late?: readonly number[];
  readonly known?: Known;
  /** The time of its first event. */
  readonly since: string;
}

/** The result of a handler. */
export interface Outcome {
  state: unknown;
  /** By name; null: cancelled. */
  deadlines: ReadonlyMap<string, KeptDeadline | null>;
  hasEnded: boolean;
}

export const newProcess = (state: unknown, since: string): StoredProcess => ({
  state,
  position: 0,
  deadlines: [],
  since,
});

/** Removes the parked event and the facts about it. */
export function released(process: StoredProcess): StoredProcess {
  const { parked: _, known: __, ...rest } = process;
  return rest;
}

export const withoutDeadline = (process: StoredProcess, id: string): StoredProcess => ({
  ...process,
  deadlines: process.deadlines.filter((deadline) => deadline.id !== id),
});

/** After an event or deadline was handled. */
export function withOutcome(process: StoredProcess, { state, deadlines }: Outcome): StoredProcess {
  const kept = process.deadlines.filter(({ name }) => !deadlines.has(name));
  const added = [...deadlines.values()].filter((deadline) => deadline !== null);
  return { ...released(process), state, deadlines: [...kept, ...added] };
}

/** Whether its next event may be handled: nothing is parked or waiting. */
export const isFree = ({ parked, waiting }: StoredProcess): boolean => !parked && !waiting;

/**
 * The deadlines that are due at `until`, in order, and one that was started, at any time; none while the process is
 * blocked by a parked event.
 */
export function dueDeadlines({ parked, known, deadlines }: StoredProcess, until: number): KeptDeadline[] {
  if (parked) return [];
  const isDue = ({ id, when }: KeptDeadline) => id === known?.of || Date.parse(when) <= until;
  return deadlines.filter(isDue).toSorted((a, b) => order(a.when, b.when));
}

/**
 * When the process continues by itself: milliseconds since 1970; null if only an event or an operator can continue it.
 */
export function nextDue({ parked, deadlines }: StoredProcess): number | null {
  if (parked || deadlines.length === 0) return null;
  return Math.min(...deadlines.map(({ when }) => Date.parse(when)));
}

const order = (a: string, b: string) => Date.parse(a) - Date.parse(b);
