import { ValidationError } from "../errors/errors.ts";
import type { ProcessDefinition } from "./definition.ts";
import type { PageEvent } from "../event/page-event.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { entityId, nameProblem } from "../event/stream-name.ts";

/** The processes that an event belongs to, each with the event that stands for its parts of it. @throws as `correlationOf` */
export function processesOf(definition: ProcessDefinition, event: PageEvent): [id: string, event: PageEvent][] {
  if (!event.parts) {
    const id = correlationOf(definition, event);
    return id === null ? [] : [[id, event]];
  }
  const byProcess = Map.groupBy(event.parts, (part) => correlationOf(definition, part));
  return [...byProcess].flatMap(([id, parts]) => (id === null ? [] : [[id, { ...parts[0]!, id: event.id, parts }]]));
}

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
