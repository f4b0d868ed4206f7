import { described } from "../../../core/errors/problem.ts";
import type { ActionSchema, Context, Service, ServiceSchema } from "moleculer";
import { ValidationError } from "../../../core/errors/errors.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import { findIn, findParams, paramsOfFind } from "../../service/read-actions.ts";
import type { Scopes } from "../../service/scopes.ts";
import { ownActions } from "../../service/own-actions.ts";
import type { WhatIfChanges } from "./what-if.ts";
import type { PointChoice } from "./points-in-time.ts";
import type { Past } from "./past.ts";
import { locateSnapshot } from "../snapshots/actions.ts";

interface Dependencies {
  name: string;
  fields: QueryFields;
  scopes: Scopes;
  past: () => Past;
  /** True if a transform of this aggregate makes the call. */
  isFolding: (ctx: Context) => boolean;
}

type Diff = { diff?: unknown };
type Handler<Params> = (
  past: Past,
  params: Params,
  query: QueryParams,
  find: (rows: Rows) => Promise<unknown>,
) => unknown;

const anything = { type: "any", optional: true } as const;
/** Params for listing rows, which have no meaning with `diff`. */
const ofLists = ["sort", "offset", "fields", "excludeFields", "populate"];

/** The actions `at`, `whatIf` and `verify` of an aggregate's service. */
export function pastActions({
  name,
  fields,
  scopes,
  past,
  isFolding,
}: Dependencies): NonNullable<ServiceSchema["actions"]> {
  const notFolding = (ctx: Context) => {
    if (isFolding(ctx))
      throw new ValidationError([
        {
          field: "caller",
          found: described(`a transform of ${name}`),
          expected: "any other caller: a transform can only query its own view",
        },
      ]);
  };
  const asking = <Params extends Diff>(params: ActionSchema["params"], handler: Handler<Params>): ActionSchema => ({
    params: { $$strict: true, ...paramsOfFind, ...params, diff: anything },
    async handler(this: Service, ctx: Context) {
      notFolding(ctx);
      const query = await scopes.applied(this, ctx, findParams(this, ctx));
      // Throws for an invalid query before any event is folded.
      parseQuery(fields, query);
      if (isWanted(ctx.params as Params)) assertNoListParams(ctx.params as object);
      const find = (rows: Rows) => findIn(this, ctx, { fields, find: (parsed) => rows.find(parsed) }, query);
      return handler(past(), ctx.params as Params, query, find);
    },
  });
  return ownActions({
    at: asking<PointChoice & Diff>({ position: anything, time: anything }, (past, params, query, find) =>
      isWanted(params) ? past.diff(params, toOf(params.diff), query) : past.at(params, find),
    ),
    whatIf: asking<WhatIfChanges & Diff>(
      { inject: anything, skip: anything, replace: anything, until: anything },
      (past, params, query, find) => {
        if (!isWanted(params)) return past.whatIf(params, find);
        assertSamePoint(params.diff);
        return past.whatIfDiff(params, query);
      },
    ),
    verify: {
      params: { $$strict: true, snapshotId: { type: "string", optional: true } },
      async handler(ctx: Context<{ snapshotId?: string }>) {
        notFolding(ctx);
        const { snapshotId } = ctx.params;
        const { nodeID } =
          snapshotId === undefined ? ctx.broker : await locateSnapshot(ctx.broker, name, snapshotId, false);
        // Only the node that has the snapshot can verify it.
        if (nodeID !== ctx.broker.nodeID) return ctx.call(`${name}.verify`, ctx.params, { nodeID });
        return past().verify(snapshotId);
      },
    },
  });
}

const isWanted = ({ diff }: Diff) => diff !== undefined && diff !== null && diff !== false && diff !== "false";

function assertNoListParams(params: object): void {
  const problems = Object.entries(params)
    .filter(([name, found]) => ofLists.includes(name) && found !== undefined)
    .map(([field, found]) => ({ field, found: found as unknown, expected: "no such param together with diff" }));
  if (problems.length > 0) throw new ValidationError(problems);
}

/** `whatIf` only compares with the actual table at the same point in time, so `diff` cannot name another one. */
function assertSamePoint(diff: unknown): void {
  if (diff !== true && diff !== "true")
    throw new ValidationError([{ field: "diff", found: diff, expected: "true or false" }]);
}

/** The point in time to compare with; null for now. */
function toOf(diff: unknown): PointChoice | null {
  if (diff === true || diff === "true") return null;
  const names = diff !== null && typeof diff === "object" ? Object.keys(diff) : [];
  if (names.length === 1 && ["position", "time"].includes(names[0]!)) return diff as PointChoice;
  throw new ValidationError([{ field: "diff", found: diff, expected: "true, {position} or {time}" }]);
}
