import type { Context } from "moleculer";
import { Pace } from "../../core/concurrency/pace.ts";
import { populate, type PopulatingService } from "./populates.ts";

type Document = Record<string, unknown>;

/** The transformations of documents that the params of a call or the settings of a service request. */
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
 * moleculer-db's `transformDocuments`, but yields to the event loop. The original transforms all documents at once, which
 * blocks for a second with 10,000 documents and many names. `params` must come from `sanitizeParams`.
 */
export async function transformDocuments(
  service: TransformingService,
  ctx: Context,
  params: Transformation,
  documents: Document[],
  encodeId: (id: unknown) => unknown,
): Promise<Document[]> {
  const settings = service.settings as Transformation;
  for (const document of documents) document["id"] = encodeId(document["id"]);
  if (params.populate) await populate(service, ctx, documents, params.populate as string[]);
  const fields = params.fields ? service.authorizeFields(params.fields) : settings.fields;
  const excluded = [params.excludeFields, settings.excludeFields].flatMap((names) => (names ?? []) as string[]);
  // One document may take milliseconds, with many long names.
  const pace = new Pace();
  const transformed: Document[] = [];
  for (const document of documents) {
    if (pace.isDue()) await pace.turn();
    transformed.push(service.excludeFields(service.filterFields(document, fields), excluded));
  }
  return transformed;
}
