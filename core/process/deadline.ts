import type { Problem } from "../errors/problem.ts";

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

/** A date, or a time with its zone: without a zone it would mean another time on another node. */
const iso = /^(?:\d{4}|[+-]\d{6})-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/i;
/** A larger number is probably milliseconds since 1970. */
const maxMs = 10 * 366 * 24 * 3600 * 1000;

/**
 * Parses a deadline: a Date, an ISO 8601 time with its zone, or milliseconds after `from`. Returns ISO 8601, UTC,
 * milliseconds; or the problem.
 */
export function dueTime(field: string, when: unknown, from: string): string | Problem {
  const moment =
    typeof when === "number" && Math.abs(when) <= maxMs
      ? new Date(Date.parse(from) + when)
      : when instanceof Date
        ? when
        : new Date(typeof when === "string" && iso.test(when) && isDay(when) ? when : NaN);
  if (!Number.isNaN(moment.getTime())) return moment.toISOString();
  const expected = "a Date, an ISO 8601 time with its zone, or milliseconds from the event's time on, at most 10 years";
  return { field, found: when, expected };
}

/** Date would read the 30th of February as a day in March. */
function isDay(text: string): boolean {
  const day = /^.\d*-\d{2}-\d{2}/.exec(text)![0];
  const moment = new Date(`${day}T00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}
