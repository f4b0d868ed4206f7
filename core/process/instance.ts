import type { KeptDeadline } from "./deadline.ts";
import type { ParkedEvent } from "../table/read-table.ts";
import type { ParkedError } from "../event/parked-error.ts";

/** What a process manager could not handle. A deadline has its name as `type`, and neither stream, version nor position. */
export interface ParkedProcess extends ParkedEvent {
  /** The correlation value; "" where there is none, since the event could not be read or correlated. */
  instance: string;
  kind: "event" | "deadline";
}

/** A refusal, or a failure, as it is kept: what crosses nodes of an error. */
export type KeptError = ParkedError;

/**
 * What the handling of one event (or deadline) has come to know before it was done. Whoever handles it again after a crash
 * goes the same way: a command that was refused then might be accepted now, after another was sent in its place.
 */
export interface Known {
  /** The id of the event or deadline. */
  of: string;
  /** The commands that were refused, by their ordinals. */
  refusals: Readonly<Record<number, KeptError>>;
  /** It has failed for good, and is being made up for. */
  failure?: KeptError;
}

/**
 * The events of a process that wait: which ones follows from the log, so that what is kept does not grow with their number.
 * They lie between `from` and the instance's own position, both included.
 */
export interface Waiting {
  /** The position of the first of them, or one before it. */
  readonly from: number;
  readonly count: number;
}

/** One process, as it is kept in the store's engine. Each change is stored before the next event is looked at. */
export interface ProcessInstance {
  readonly state: unknown;
  /** Its events up to this position are handled, parked or waiting. */
  readonly position: number;
  readonly deadlines: readonly KeptDeadline[];
  /** Stands in the way of everything else of this process. */
  readonly parked?: ParkedProcess;
  /** Its events that wait behind what is parked, or did when this node stopped; omitted while there are none. */
  readonly waiting?: Waiting;
  /**
   * Positions that were handled out of their order: events that could not be correlated at first. Each is kept until
   * that event is no longer parked.
   */
  readonly late?: readonly number[];
  readonly known?: Known;
  /** The time of its first event. */
  readonly since: string;
}

/** What a handler has come to. */
export interface Outcome {
  state: unknown;
  /** By name; null: cancelled. */
  deadlines: ReadonlyMap<string, KeptDeadline | null>;
  hasEnded: boolean;
}

export const newInstance = (state: unknown, since: string): ProcessInstance => ({
  state,
  position: 0,
  deadlines: [],
  since,
});

/** Without what stood in the way. */
export function released(instance: ProcessInstance): ProcessInstance {
  const { parked: _, known: __, ...rest } = instance;
  return rest;
}

export const withoutDeadline = (instance: ProcessInstance, id: string): ProcessInstance => ({
  ...instance,
  deadlines: instance.deadlines.filter((deadline) => deadline.id !== id),
});

/** After an event or deadline was handled. */
export function withOutcome(instance: ProcessInstance, { state, deadlines }: Outcome): ProcessInstance {
  const kept = instance.deadlines.filter(({ name }) => !deadlines.has(name));
  const added = [...deadlines.values()].filter((deadline) => deadline !== null);
  return { ...released(instance), state, deadlines: [...kept, ...added] };
}

/** Its next event may be handled: nothing that has failed stands in the way. */
export const isFree = ({ parked, waiting }: ProcessInstance): boolean => !parked && !waiting;

/**
 * The deadlines that are due by then, in their order, and one that was begun, whatever the time; none while something that
 * has failed stands in the way.
 */
export function dueDeadlines({ parked, known, deadlines }: ProcessInstance, until: number): KeptDeadline[] {
  if (parked) return [];
  const isDue = ({ id, when }: KeptDeadline) => id === known?.of || Date.parse(when) <= until;
  return deadlines.filter(isDue).toSorted((a, b) => order(a.when, b.when));
}

/** When it goes on by itself: milliseconds since 1970; null: not before an event comes, or somebody acts. */
export function nextDue({ parked, deadlines }: ProcessInstance): number | null {
  if (parked || deadlines.length === 0) return null;
  return Math.min(...deadlines.map(({ when }) => Date.parse(when)));
}

const order = (a: string, b: string) => Date.parse(a) - Date.parse(b);
