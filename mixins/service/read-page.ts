import type { Context } from "moleculer";

/** moleculer-db's settings for pages. */
export interface Paging {
  pageSize: number;
  maxPageSize: number;
  maxLimit: number;
}

interface Paged {
  page: number;
  pageSize: number;
  limit?: number;
  offset?: number;
}

/** moleculer-db's defaults and bounds: `list` reads a page, and a given limit is at most `maxLimit`. */
export function withPage({ pageSize, maxPageSize, maxLimit }: Paging, ctx: Context, given: object): Paged {
  const params = { ...given } as Paged;
  if (ctx.action?.name?.endsWith(".list")) {
    params.pageSize ||= pageSize;
    params.page ||= 1;
    if (maxPageSize > 0) params.pageSize = Math.min(params.pageSize, maxPageSize);
    params.limit = params.pageSize;
    params.offset = (params.page - 1) * params.pageSize;
  }
  if (maxLimit > 0 && params.limit !== undefined) params.limit = Math.min(params.limit, maxLimit);
  return params;
}
