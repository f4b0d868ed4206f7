import type { ActionSchema, Context, Service } from "moleculer";
import { EntityNotFoundError, ValidationError } from "../../core/errors/errors.ts";
import { idProblem } from "../../core/rows/fields.ts";
import { parseQuery, type Query, type QueryFields, type QueryParams } from "../../core/query/query.ts";
import { declared } from "./declared-params.ts";
import { documentMethods } from "./document-methods.ts";
import type { Mixin } from "./mixin.ts";
import { ownActions } from "./own-actions.ts";
import { checkPopulates, type Populating } from "./populates.ts";
import { cacheOptions, type ReadCache } from "./read-cache.ts";
import { onBestNode, type ReadNodes } from "./read-nodes.ts";
import { nameProblems, type ReadActionName } from "./read-params.ts";
import { readParams, readPaths, readSettings, scopeParam } from "./read-definitions.ts";
import { withPage, type Paging } from "./read-page.ts";
import { readValues } from "./read-values.ts";
import type { Scopes } from "./scopes.ts";
import { transformDocuments, type Transformation, type TransformingService } from "./transform-documents.ts";

/** The source of the documents of one call: the committed rows, or a transform's own view. */
export interface Reader {
  fields: QueryFields;
  find(query: Query): unknown[] | Promise<unknown[]>;
  count(query: Query): number | Promise<number>;
  /** Normalizes an id, if the reader accepts several spellings of one. Default: ids stay as they are. */
  toId?: (id: string) => string;
  /** Returns the existing documents in the order of the ids. */
  findByIds(ids: readonly string[]): unknown[] | Promise<unknown[]>;
}

interface Dependencies extends ReadNodes {
  /** The declared fields. */
  fields: QueryFields;
  reader: (ctx: Context) => Reader | Promise<Reader>;
  /** The documents of a transform's own view: as they are, since rows are computed from them. Default: none are. */
  isOwnFold?: (ctx: Context) => boolean;
  /** Default: none, and no param that names them. */
  scopes?: Scopes;
  /** Default: results are not cached. */
  cache?: ReadCache;
}

type Params = QueryParams & {
  page: number;
  pageSize: number;
  id?: unknown;
  mapping?: boolean;
  throwIfNotExist?: boolean;
  scope?: unknown;
};
type Document = Record<string, unknown>;

/** Methods of moleculer-db's mixin: parameters, populates, field filters and id encoding. */
interface DbMethods {
  sanitizeParams(ctx: Context, params: object): Params;
  transformDocuments(ctx: Context, params: object, documents: unknown): unknown;
  decodeID(id: unknown): unknown;
  _find(ctx: Context, params: Params): unknown;
  _list(ctx: Context, params: Params): unknown;
  _get(ctx: Context, params: Params): unknown;
  _count(ctx: Context, params: Params): unknown;
}

type Handler = (self: DbServiceInstance, ctx: Context, params: Params) => unknown;
type DbServiceInstance = Service & DbMethods & TransformingService;

/** The params of `find`. */
export const paramsOfFind = declared({ ...readParams.find, ...scopeParam });

/** The names of the methods that a service with `readActions` has. */
export const readMethodNames: readonly string[] = [
  ...Object.keys(documentMethods),
  "sanitizeParams",
  "transformDocuments",
  "clearCache",
  "_find",
  "_list",
  "_get",
  "_count",
];

/** The names of the actions that `readActions` creates. */
export const readActionNames = ["find", "list", "get", "count", "resolve"] as const;

/**
 * moleculer-db's `find, list, get, count` with all their parameters, and `resolve`, which is like `get`, but returns null
 * for an id without a row unless `throwIfNotExist` is set. No action writes.
 */
export function readActions(dependencies: Dependencies): Mixin {
  const { fields, reader, cache, scopes, isOwnFold = () => false } = dependencies;
  const cached = (name: ReadActionName, keys: string[]): Pick<ActionSchema, "cache"> => ({
    cache: cache ? cacheOptions(cache, name, keys, fields) : false,
  });
  // Rows are computed from a transform's own view: it has the stored ids, and all rows.
  const readerFor = async (ctx: Context): Promise<RowsById> => {
    const isOwn = isOwnFold(ctx);
    return { ...(await reader(ctx)), hasStoredIds: isOwn, scopes: isOwn ? undefined : scopes };
  };
  const scoped = <Given extends Params>(service: Service, ctx: Context, params: Given) =>
    !scopes || isOwnFold(ctx) ? params : scopes.applied(service, ctx, params);
  const own = (name: ReadActionName, handler: Handler, more: object = {}): ActionSchema => {
    const params = { ...readParams[name], ...(scopes && scopeParam) };
    return {
      ...more,
      params: declared(params),
      ...cached(name, Object.keys(params)),
      handler(this: Service, ctx: Context): unknown {
        const problems = nameProblems(name, ctx.params as object, fields);
        if (problems.length > 0) throw new ValidationError(problems);
        const self = this as DbServiceInstance;
        return onBestNode(ctx, dependencies, () => handler(self, ctx, self.sanitizeParams(ctx, ctx.params as object)));
      },
    };
  };
  return {
    settings: { ...readSettings } as NonNullable<Mixin["settings"]>,
    actions: ownActions({
      find: own("find", (self, ctx, params) => self._find(ctx, params)),
      list: own("list", (self, ctx, params) => self._list(ctx, params), { rest: readPaths.list }),
      get: own("get", (self, ctx, params) => self._get(ctx, params), { rest: readPaths.get }),
      count: own("count", (self, ctx, params) => self._count(ctx, params)),
      resolve: own("resolve", async (self, ctx, params) => byId(self, ctx, await readerFor(ctx), params)),
    }),
    methods: {
      ...documentMethods,
      // Unlike moleculer-db, awaits the broadcast: its rejection would be unhandled and end the process.
      clearCache(this: Service) {
        const { broker, fullName } = this;
        const broadcast = broker.broadcast(`cache.clean.${fullName}`);
        return Promise.all([broadcast, broker.cacher?.clean(`${fullName}.**`)]);
      },
      sanitizeParams(this: Service, ctx: Context, params: object) {
        const values = readValues(params as Record<string, unknown>);
        checkPopulates(this.settings as Populating, values["populate"]);
        const sanitized = withPage(this.settings as Paging, ctx, values) as Params;
        const { page, pageSize, offset } = sanitized;
        if (offset !== undefined && !Number.isSafeInteger(offset))
          throw new ValidationError([
            {
              field: "page",
              found: page,
              expected: `a page whose offset is at most ${Number.MAX_SAFE_INTEGER}, with ${pageSize} rows a page`,
            },
          ]);
        return sanitized;
      },
      transformDocuments(this: Service, ctx: Context, params: Transformation, documents: unknown) {
        const { fields, excludeFields } = this.settings as Transformation;
        const asked = params.populate ?? params.fields ?? params.excludeFields ?? fields ?? excludeFields;
        const encodes = encodesIds(this) && !isOwnFold(ctx);
        if ((asked ?? null) === null && !encodes) return documents;
        if (typeof documents !== "object" || documents === null) return documents;
        const self = this as DbServiceInstance;
        const encodeId = encodes ? (id: unknown) => self.encodeID(id) : (id: unknown) => id;
        const transformed = transformDocuments(self, ctx, params, [documents].flat() as Document[], encodeId);
        // A service's own code may pass a single document.
        return Array.isArray(documents) ? transformed : transformed.then(([document]) => document);
      },
      async _find(this: DbServiceInstance, ctx: Context, params: Params) {
        return findIn(this, ctx, await reader(ctx), await scoped(this, ctx, params));
      },
      async _count(this: DbServiceInstance, ctx: Context, params: Params) {
        const from = await reader(ctx);
        const asked = await scoped(this, ctx, params);
        return from.count(parseQuery(from.fields, { ...asked, limit: null, offset: null }));
      },
      async _list(this: DbServiceInstance, ctx: Context, params: Params) {
        const from = await reader(ctx);
        const query = parseQuery(from.fields, await scoped(this, ctx, params));
        // Counted in the same turn of the event loop, so that both see the same rows.
        const found = from.find(query);
        const counted = totalBy(found, query) ?? from.count({ ...query, limit: null, offset: 0 });
        const [documents, total] = await Promise.all([found, counted]);
        const rows = await this.transformDocuments(ctx, params, documents);
        const { page, pageSize } = params;
        return { rows, total, page, pageSize, totalPages: Math.ceil(total / pageSize) };
      },
      async _get(this: DbServiceInstance, ctx: Context, params: Params) {
        return byId(this, ctx, await readerFor(ctx), { ...params, throwIfNotExist: !Array.isArray(params.id) });
      },
    },
  };
}

const encodesIds = ({ schema }: Service): boolean =>
  (schema.methods as DbMethods & Service["schema"]["methods"])["encodeID"] !== documentMethods.encodeID;

/** Runs `find` on a reader. `params` must come from `findParams`. */
export async function findIn(
  service: Service,
  ctx: Context,
  from: Pick<Reader, "fields" | "find">,
  params: QueryParams,
): Promise<unknown> {
  const query = parseQuery(from.fields, params);
  // moleculer-db applies `maxLimit` only to a given limit.
  const { maxLimit } = service.settings as { maxLimit: number };
  if (maxLimit > 0) query.limit = Math.min(query.limit ?? maxLimit, maxLimit);
  return (service as DbServiceInstance).transformDocuments(ctx, params, await from.find(query));
}

/** Converts the params of a call for `findIn`. @throws InvalidQueryError */
export const findParams = (service: Service, ctx: Context): QueryParams =>
  (service as DbServiceInstance).sanitizeParams(ctx, ctx.params as object);

/** The total if the page is not full, since it then contains the last row; null if the rows must be counted. */
function totalBy(found: unknown[] | Promise<unknown[]>, { limit, offset }: Query): number | null {
  if (!Array.isArray(found) || (found.length === 0 && offset > 0)) return null;
  return limit === null || found.length < limit ? offset + found.length : null;
}

/** False for a string that no row can have as its id. PostgreSQL rejects a NUL in a query. */
const isPossibleId = (id: string) => idProblem(id) === null && !id.includes("\0");
/** The most ids in an error's data. */
const maxNamedIds = 100;

type RowsById = Reader & { hasStoredIds: boolean; scopes: Scopes | undefined };

/** Returns one document for an id, an array for an array of ids, and an object keyed by id if `mapping` is set. */
async function byId(service: DbServiceInstance, ctx: Context, from: RowsById, params: Params): Promise<unknown> {
  const decode = (id: unknown) => (from.hasStoredIds ? id : service.decodeID(id));
  const encode = (id: unknown) => (from.hasStoredIds ? String(id) : service.encodeID(id));
  const asked: unknown[] = Array.isArray(params.id) ? params.id : [params.id];
  const toId = from.toId ?? ((id: string) => id);
  // Without repeats, as with MongoDB's $in: each document is read and decoded once.
  const ids = [...new Set(asked.map((id) => toId(String(decode(id)))))];
  const rows = (await from.findByIds(ids.filter(isPossibleId))) as Document[];
  const found = from.scopes ? await from.scopes.among(service, ctx, params.scope, rows) : rows;
  if (found.length < ids.length && params.throwIfNotExist)
    throw new EntityNotFoundError(Array.isArray(params.id) ? asked.slice(0, maxNamedIds) : params.id);
  // Read before the transformation, which may omit the id.
  const keys = found.map(({ id }) => encode(id));
  const documents = (await service.transformDocuments(ctx, params, found)) as Document[];
  if (params.mapping === true) return Object.fromEntries(keys.map((key, index) => [key, documents[index]]));
  return Array.isArray(params.id) ? documents : (documents[0] ?? null);
}
