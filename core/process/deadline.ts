import type { Problem } from "../errors/problem.ts";

/** A moment at which a process goes on by itself, as its handler gets it. */
export interface Deadline<Name extends string = string> {
  readonly id: string;
  readonly name: Name;
  /** ISO 8601, UTC, milliseconds. */
  readonly when: string;
  /** What it was scheduled with; null where that was nothing. */
  readonly data: unknown;
}

/** A deadline as it is kept: with what led to it. */
export interface KeptDeadline extends Deadline {
  correlationId: string;
  /** The event that it was scheduled for, perhaps by way of other deadlines. */
  causationId: string;
  depth: number;
}

/** A date, or a time with its zone: without one it would be another moment on another node. */
const iso = /^(?:\d{4}|[+-]\d{6})-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/i;
/** More is likely a moment in milliseconds since 1970. */
const maxMs = 10 * 366 * 24 * 3600 * 1000;

/**
 * When a deadline is due: a Date, an ISO 8601 time with its zone, or milliseconds after `from`. ISO 8601, UTC,
 * milliseconds; or what is wrong with it.
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

/** A 30th of February would be taken for a day in March. */
function isDay(text: string): boolean {
  const day = /^.\d*-\d{2}-\d{2}/.exec(text)![0];
  const moment = new Date(`${day}T00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(day);
}
