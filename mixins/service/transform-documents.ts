import type { Context } from "moleculer";
import { Pace } from "../../core/concurrency/pace.ts";
import { populate, type PopulatingService } from "./populates.ts";

type Document = Record<string, unknown>;

/** What may have to be done to documents before they are returned: `params`, or settings of the service. */
export interface Transformation {
  populate?: unknown;
  fields?: unknown;
  excludeFields?: unknown;
}

/** moleculer-db's methods for one document, which a service may replace. */
export interface TransformingService extends PopulatingService {
  encodeID(id: unknown): string;
  authorizeFields(names: unknown): unknown;
  filterFields(document: Document, names: unknown): Document;
  excludeFields(document: Document, names: unknown): Document;
}

/**
 * moleculer-db's `transformDocuments`, with turns for the event loop: its own takes all documents at once, which is a
 * second for 10,000 of them and many names. `params` are those of `sanitizeParams`.
 */
export async function transformDocuments(
  service: TransformingService,
  ctx: Context,
  params: Transformation,
  documents: Document[],
): Promise<Document[]> {
  const settings = service.settings as Transformation;
  for (const document of documents) document["id"] = service.encodeID(document["id"]);
  if (params.populate) await populate(service, ctx, documents, params.populate as string[]);
  const fields = params.fields ? service.authorizeFields(params.fields) : settings.fields;
  const excluded = [params.excludeFields, settings.excludeFields].flatMap((names) => (names ?? []) as string[]);
  // One document may take milliseconds: names are many and long.
  const pace = new Pace();
  const transformed: Document[] = [];
  for (const document of documents) {
    if (pace.isDue()) await pace.turn();
    transformed.push(service.excludeFields(service.filterFields(document, fields), excluded));
  }
  return transformed;
}
