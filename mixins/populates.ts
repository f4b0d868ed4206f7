import type { Context } from "moleculer";
import { ValidationError } from "../core/errors.ts";
import type { Problem } from "../core/problem.ts";
import { queryBounds } from "../core/query-bounds.ts";

export type Populating = { populates?: Record<string, unknown> | null };
type Document = Record<string, unknown>;

/** moleculer-db's method. */
export interface PopulatingService {
  populateDocs(ctx: Context, documents: Document[], names: readonly string[]): unknown;
}

/** Documents whose references are asked for in one call: with one reference each, far below the bound of ids. */
const documentsPerCall = 1000;

/**
 * @throws ValidationError for a field that the service does not populate, a path that does not begin with one, or a path
 * of more steps than an answer may grow by
 */
export function checkPopulates({ populates }: Populating, names: unknown): void {
  const known = Object.keys(populates ?? {});
  for (const name of (names ?? []) as string[]) {
    const first = known.find((field) => name === field || name.startsWith(`${field}.`));
    if (first === undefined)
      refuse(name, known.length === 0 ? "none: the service populates nothing" : `one of ${known.join(", ")}`);
    const { populateSteps } = queryBounds;
    // A declared name may have dots of its own.
    if (name.slice(first.length).split(".").length > populateSteps)
      refuse(name, `a path of at most ${populateSteps} steps`);
  }
}

function refuse(found: string, expected: string): never {
  throw new ValidationError([{ field: "populate", found, expected }]);
}

/** Populates the documents in place. @throws ValidationError naming the path as it was sent, wherever it is refused */
export async function populate(
  service: PopulatingService,
  ctx: Context,
  documents: Document[],
  names: readonly string[],
): Promise<void> {
  for (let from = 0; from < documents.length; from += documentsPerCall)
    try {
      await service.populateDocs(ctx, documents.slice(from, from + documentsPerCall), names);
    } catch (error) {
      throw asSent(error, names);
    }
}

/** The next service gets the rest of a path, and its refusal names that. It may come from another node: no instance. */
function asSent(error: unknown, names: readonly string[]): unknown {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown };
  const [problem] = (Array.isArray(data) ? data : []) as Partial<Problem>[];
  if (type !== "VALIDATION_ERROR" || problem?.field !== "populate") return error;
  const sent = names.find((name) => name.endsWith(`.${String(problem.found)}`));
  if (sent === undefined) return error;
  return new ValidationError([{ field: "populate", found: sent, expected: String(problem.expected) }]);
}
