import { described, show, type Problem } from "../errors/problem.ts";
import { isPlainObject } from "../options/options.ts";

/** A time at which a process continues by itself, as its handler receives it. */
export interface Deadline<Name extends string = string> {
  readonly id: string;
  readonly name: Name;
  /** ISO 8601, UTC, milliseconds. */
  readonly when: string;
  /** The data it was scheduled with, or null. */
  readonly data: unknown;
}

/** A stored deadline, with its cause. */
export interface KeptDeadline extends Deadline {
  correlationId: string;
  /** The event that led to it, directly or through other deadlines. */
  causationId: string;
  depth: number;
}

/** A duration: the sum of its parts, each a number. */
export interface Duration {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  ms?: number;
}

const msOf: Required<Duration> = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, ms: 1 };

/** A date, or a time with its zone: without a zone it would mean another time on another node. */
const iso = /^(?:\d{4}|[+-]\d{6})-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/i;
/** A larger number is probably milliseconds since 1970. */
const maxMs = 10 * 366 * 24 * 3600 * 1000;

/**
 * Parses a deadline: a Date, an ISO 8601 time with its zone, or a duration after `from`, also as milliseconds. Returns ISO 8601, UTC,
 * milliseconds; or the problem.
 */
export function dueTime(field: string, when: unknown, from: string): string | Problem {
  const delay = isPlainObject(when) ? milliseconds(when as object) : when;
  const moment =
    typeof delay === "number" && Math.abs(delay) <= maxMs
      ? new Date(Date.parse(from) + delay)
      : when instanceof Date
        ? when
        : new Date(typeof when === "string" && iso.test(when) && isDay(when) ? when : NaN);
  if (!Number.isNaN(moment.getTime())) return moment.toISOString();
  const expected = `a Date, an ISO 8601 time with its zone, or from the event's time on a duration of at most 10 years: {${Object.keys(msOf).join(", ")}} or milliseconds`;
  return { field, found: isPlainObject(when) ? described(partsOf(when as object)) : when, expected };
}

/** The parts of a duration as they were written: `{day: 1}`. */
const partsOf = (duration: object): string =>
  `{${Object.entries(duration)
    .map(([unit, count]) => `${unit}: ${show(count)}`)
    .join(", ")}}`;

/** NaN unless it is a duration with at least one part. */
function milliseconds(duration: object): number {
  const parts = Object.entries(duration).map(([unit, count]: [string, unknown]) =>
    Object.hasOwn(msOf, unit) && typeof count === "number" ? count * msOf[unit as keyof Duration] : NaN,
  );
  return parts.length > 0 ? parts.reduce((sum, part) => sum + part) : NaN;
}

/** Date would read the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const day = /^.\d*-\d{2}-\d{2}/.exec(text)![0];
  const moment = new Date(`${day}T00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}
