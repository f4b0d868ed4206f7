import { ValidationError } from "../errors/errors.ts";
import type { ProcessDefinition } from "./definition.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { entityId, nameProblem } from "../event/stream-name.ts";

/** The process that an event belongs to; null if none. @throws ValidationError, and whatever `correlate` throws */
export function correlationOf({ name, correlate }: ProcessDefinition, event: RecordedEvent): string | null {
  const found = correlate(event, {
    get id() {
      return entityId(event.stream);
    },
  });
  if (found === null || found === undefined) return null;
  const id = typeof found === "number" && Number.isFinite(found) ? String(found) : found;
  const problem = nameProblem("", id);
  if (!problem) return id as string;
  const expected = `a number, ${problem.expected}, or null`;
  throw new ValidationError([{ field: `${name}: the result of correlate for ${event.type}`, found, expected }]);
}
