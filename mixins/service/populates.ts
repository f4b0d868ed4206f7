import type { Context } from "moleculer";
import { ValidationError } from "../../core/errors/errors.ts";
import type { ProblemData } from "../../core/errors/problem.ts";
import { queryBounds } from "../../core/query/query-bounds.ts";

export type Populating = { populates?: Record<string, unknown> | null };
type Document = Record<string, unknown>;

/** moleculer-db's method that populates documents. */
export interface PopulatingService {
  settings: object;
  populateDocs(ctx: Context, documents: Document[], names: readonly string[]): unknown;
}

/** The most documents of one call of `populateDocs`. */
const documentsPerCall = 1000;

/**
 * @throws ValidationError for a field that the service does not populate, a path that does not begin with one, or a path
 * of more than `queryBounds.populateSteps` steps
 */
export function checkPopulates({ populates }: Populating, names: unknown): void {
  const known = Object.keys(populates ?? {});
  for (const name of (names ?? []) as string[]) {
    const first = known.find((field) => name === field || name.startsWith(`${field}.`));
    if (first === undefined)
      refuse(name, known.length === 0 ? "none: the service populates nothing" : `one of ${known.join(", ")}`);
    const { populateSteps } = queryBounds;
    // A declared name may contain dots.
    if (name.slice(first.length).split(".").length > populateSteps)
      refuse(name, `a path of at most ${populateSteps} steps`);
  }
}

function refuse(found: string, expected: string): never {
  throw new ValidationError([{ field: "populate", found, expected }]);
}

/** Populates the documents in place. @throws ValidationError with the path as it was sent, even if a nested service throws */
export async function populate(
  service: PopulatingService,
  ctx: Context,
  documents: Document[],
  names: readonly string[],
): Promise<void> {
  for (const together of perCall(documents, referringFields(service.settings, names)))
    try {
      await service.populateDocs(ctx, together, names);
    } catch (error) {
      throw asSent(error, names);
    }
}

/** The fields that contain the references: the `field` of a rule, or the populated name. */
function referringFields({ populates }: Populating, names: readonly string[]): string[] {
  const asked = Object.entries(populates ?? {}).filter(([declared]) =>
    names.some((name) => name === declared || name.startsWith(`${declared}.`)),
  );
  return asked.map(([declared, rule]) => (rule as { field?: string } | null)?.field ?? declared);
}

/** Groups documents, so that the references of a group are no more than the ids that one call may have. */
function* perCall(documents: readonly Document[], fields: readonly string[]): Generator<Document[]> {
  let together: Document[] = [];
  let references = 0;
  for (const document of documents) {
    const more = Math.max(1, ...fields.map((field) => referencesIn(document, field)));
    if (together.length >= documentsPerCall || (together.length > 0 && references + more > queryBounds.ids)) {
      yield together;
      together = [];
      references = 0;
    }
    together.push(document);
    references += more;
  }
  if (together.length > 0) yield together;
}

function referencesIn(document: Document, field: string): number {
  let found: unknown = document;
  for (const step of field.split(".")) found = (found as Document | null | undefined)?.[step];
  return Array.isArray(found) ? found.flat(Infinity).length : 1;
}

/**
 * Restores the whole path in the error of a nested service, which gets and names only the rest of it. Compares `type`,
 * because an error from another node is no instance of the class.
 */
function asSent(error: unknown, names: readonly string[]): unknown {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: unknown };
  const [problem] = (Array.isArray(data) ? data : []) as Partial<ProblemData>[];
  if (type !== "VALIDATION_ERROR" || problem?.field !== "populate") return error;
  const sent = names.find((name) => name.endsWith(`.${String(problem.actual)}`));
  if (sent === undefined) return error;
  return new ValidationError([{ field: "populate", found: sent, expected: String(problem.expected) }]);
}
