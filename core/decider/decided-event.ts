import { maxEventsOfCallers } from "../log/append-request.ts";
import { InvalidDecisionError } from "./errors.ts";
import { ValidationError } from "../errors/errors.ts";
import { ignoreOutcome, isThenable } from "../concurrency/is-thenable.ts";
import { assignedProblems } from "../log/assigned-meta.ts";
import { isProblem, toJson } from "../json/json.ts";
import type { Problem } from "../errors/problem.ts";
import { reserved } from "../options/reserved.ts";
import { eventTypeProblem } from "../event/event-type.ts";

/** An event as `decide` returns it. */
export interface DecidedEvent {
  type: string;
  payload?: unknown;
  meta?: Record<string, unknown>;
}

const fields = ["type", "payload", "meta"];

/**
 * Turns an event, an array of events, or nothing into a list.
 * @throws InvalidDecisionError for anything else; ValidationError for too many, since their number may be the caller's
 */
export function decidedEvents(where: string, answer: unknown): DecidedEvent[] {
  if (answer === undefined || answer === null) return [];
  if (Array.isArray(answer) && answer.length > maxEventsOfCallers)
    throw new ValidationError([{ field: where, found: answer, expected: `at most ${maxEventsOfCallers} events` }]);
  const events: unknown[] = Array.isArray(answer) ? Array.from(answer) : [answer];
  const problems = events.flatMap((event, index) =>
    problemsOf(Array.isArray(answer) ? `${where}[${index}]` : where, event),
  );
  if (problems.length > 0) throw new InvalidDecisionError(problems);
  return events as DecidedEvent[];
}

function problemsOf(field: string, event: unknown): Problem[] {
  const expected = "an event {type, payload?, meta?}, an array of events, or nothing";
  if (event === null || typeof event !== "object" || Array.isArray(event)) return [{ field, found: event, expected }];
  if (isThenable(event)) return [notAwaited(field, event, expected)];
  const { payload } = event as DecidedEvent;
  const problem = eventTypeProblem(`${field}.type`, (event as DecidedEvent).type);
  const unknown = Object.keys(event).find((key) => !fields.includes(key));
  return [
    ...(problem ? [problem] : []),
    ...(unknown === undefined
      ? []
      : [{ field: `${field}.${unknown}`, found: unknown, expected: unknown === "tags" ? reserved : expected }]),
    ...(isThenable(payload) ? [notAwaited(`${field}.payload`, payload, "a payload")] : []),
    ...metaProblems(`${field}.meta`, (event as DecidedEvent).meta),
  ];
}

/** Its rejection, which nothing handles, must not end the process. */
function notAwaited(field: string, found: PromiseLike<unknown>, expected: string): Problem {
  ignoreOutcome(found);
  return { field, found, expected: `${expected}: await the promise` };
}

/** Checked here, because the decider adds fields to a copy: the copy of a string or a Map would be a plain object. */
function metaProblems(field: string, meta: unknown): Problem[] {
  if (meta === undefined) return [];
  const json = toJson(field, meta);
  if (isProblem(json)) return [json];
  const isObject = json.value !== null && typeof json.value === "object" && !Array.isArray(json.value);
  if (!isObject) return [{ field, found: meta, expected: "an object" }];
  return assignedProblems(field, json.value as Record<string, unknown>, false);
}
