import type { SentId } from "./action-call.ts";

type Names = string | readonly string[];

/** Conditions on the fields of a row, or on paths into them, as in MongoDB. */
export type RowQuery<Row> = {
  readonly [Field in (keyof Row & string) | `${keyof Row & string}.${string}` | "$and" | "$or" | "$not"]?: unknown;
};

/** The fields of the returned rows. */
interface RowShape {
  fields?: Names;
  excludeFields?: Names;
  populate?: Names;
}

interface RowSelection<Row> extends RowShape {
  query?: RowQuery<Row> | string;
  sort?: Names;
  search?: string;
  iSearch?: string;
  searchFields?: Names;
}

/** The params of `find` and `count`. */
export interface FindParams<Row> extends RowSelection<Row> {
  limit?: number;
  offset?: number;
}

/** The params of `list`. */
export interface ListParams<Row> extends RowSelection<Row> {
  page?: number;
  pageSize?: number;
}

/** The params of `get`. */
export interface GetParams extends RowShape {
  id: SentId | readonly SentId[];
  /** Returns the rows by their ids. */
  mapping?: boolean;
}

/** The params of `resolve`. */
export interface ResolveParams extends GetParams {
  throwIfNotExist?: boolean;
}

/** A page of rows, as `list` returns it. */
export interface RowPage<Row> {
  rows: Row[];
  total: number;
  page: number;
  pageSize: number;
  totalPages: number;
}

/** A reading action of a table. Its answer depends on the params. */
export interface ReadCall<Kind extends string, Row, Params> {
  read: Kind;
  row: Row;
  params: Params;
}

/** The reading actions of a table. */
export interface TableCalls<Row> {
  find: ReadCall<"find", Row, FindParams<Row>>;
  list: ReadCall<"list", Row, ListParams<Row>>;
  count: ReadCall<"count", Row, FindParams<Row>>;
  get: ReadCall<"get", Row, GetParams>;
  resolve: ReadCall<"resolve", Row, ResolveParams>;
}

/** A row with the fields that were asked for; those of other services, which `populate` adds, are unknown. */
type Shaped<Row, Params> = Params extends { populate: Names }
  ? Record<string, unknown>
  : Params extends { fields: Names } | { excludeFields: Names }
    ? Partial<Row>
    : Row;

type ById<Row, Params, Missing> = Params extends { mapping: true }
  ? Record<string, Row>
  : Params extends { id: readonly unknown[] }
    ? Row[]
    : Row | Missing;

/** What a reading action returns for these params. */
export type ReadAnswer<Kind, Row, Params> = Kind extends "find"
  ? Shaped<Row, Params>[]
  : Kind extends "list"
    ? RowPage<Shaped<Row, Params>>
    : Kind extends "count"
      ? number
      : ById<Shaped<Row, Params>, Params, Kind extends "get" ? never : null>;
