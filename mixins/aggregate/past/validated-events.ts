import { ValidationError } from "../../../core/errors/errors.ts";
import { asProblem, type ProblemData } from "../../../core/errors/problem.ts";
import type { DraftEvent, EventSource } from "../../consumer/event-source.ts";

/** The log up to a position, as the base of an altered history. */
export interface BaseHistory {
  store: string;
  source: Pick<EventSource, "find" | "draft" | "eventAt" | "count">;
  position: number;
}

/** Returns the events as an append would store them. @throws ValidationError with the names of the caller's fields */
export async function validatedEvents(
  events: Parameters<EventSource["draft"]>[0],
  source: Pick<EventSource, "draft">,
  fieldOf: (index: number) => string,
): Promise<DraftEvent[]> {
  if (events.length === 0) return [];
  try {
    return await source.draft(events);
  } catch (error) {
    const { type, data } = error as { type?: unknown; data?: unknown };
    if (type !== "VALIDATION_ERROR" || !Array.isArray(data)) throw error;
    const problems = (data as ProblemData[]).map(asProblem).map((problem) => ({
      ...problem,
      field: problem.field.replace(/^events\.(\d+)/, (_, index: string) => fieldOf(Number(index))),
    }));
    throw new ValidationError(problems);
  }
}
