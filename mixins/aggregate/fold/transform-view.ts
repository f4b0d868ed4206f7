import type { Context, Span } from "moleculer";
import type { Row } from "../../../core/rows/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { textIdOf } from "../../../core/event/params-id.ts";
import { entityId } from "../../../core/event/stream-name.ts";
import { show } from "../../../core/errors/problem.ts";
import { ViewQuery } from "./view-query.ts";

/** One run of a transform. */
export interface Running {
  id: number;
  event: RecordedEvent;
  span: Span | null;
  rows: Rows;
  /** The entity's row; undefined until it is loaded. */
  row: Row | null | undefined;
  /** The row while it is being loaded, for a transform that has asked for it too early. */
  loading: Promise<Row | null> | null;
  /** Queries and calls through the transform's own view that it has not awaited yet. */
  pending: readonly string[];
}

/** The source of the answers for the views of all runs. */
export interface ViewSource {
  fields: QueryFields;
  /** @throws FoldEndedError */
  rowsFor: (id: number) => Rows;
  newContext: (running: Running) => Context;
}

/** Ends a run that has asked for a row which the engine cannot return at once; the transform runs again with the row. */
const rowIsLoading = new Error("the transform runs again once its row is loaded");

/** The entity's row, from which a transform computes the next one. */
export function loadRow(running: Running, rows: Rows): Row | null | Promise<Row | null> {
  const found = rows.findByIds([entityId(running.event.stream)]);
  return Array.isArray(found) ? (found[0] ?? null) : found.then(([row = null]) => row);
}

/** The second argument of a function transform. Its functions are created on access: most transforms need none. */
export class TransformViewOf {
  readonly #running: Running;
  readonly #source: ViewSource;
  #ctx: Context | undefined;

  constructor(running: Running, source: ViewSource) {
    this.#running = running;
    this.#source = source;
  }

  get id(): string {
    return entityId(this.#running.event.stream);
  }

  get row(): Row | null {
    const running = this.#running;
    if (running.row !== undefined) return running.row;
    const row = loadRow(running, this.#source.rowsFor(running.id));
    if (!(row instanceof Promise)) return (running.row = row);
    // The transform's end reports a failure. Until then, it must not be an unhandled rejection.
    row.catch(() => {});
    running.loading = row;
    throw rowIsLoading;
  }

  get find(): (params?: QueryParams) => Promise<Row[]> {
    const { fields } = this.#source;
    return (params = {}) =>
      this.#answer(
        "find",
        (rows) => rows.find(parseQuery(fields, params)),
        (found) => found,
      );
  }

  get get(): (id: string) => Promise<Row | null> {
    return (id) =>
      this.#answer(
        "get",
        (rows) => rows.findByIds([textIdOf(id) ?? id]),
        ([row = null]) => row,
      );
  }

  get ctx(): Context {
    return (this.#ctx ??= this.#newContext());
  }

  #answer<Answer>(
    what: string,
    query: (rows: Rows) => Row[] | Promise<Row[]>,
    pick: (found: Row[]) => Answer,
  ): Promise<Answer> {
    const running = this.#running;
    try {
      const found = query(this.#source.rowsFor(running.id));
      return Array.isArray(found)
        ? ViewQuery.answered(running, what, pick(found))
        : ViewQuery.later(running, what, found.then(pick));
    } catch (error) {
      return ViewQuery.failed(running, what, error);
    }
  }

  /** A context whose calls count among the transform's pending queries, whichever service they call. */
  #newContext(): Context {
    const running = this.#running;
    const ctx = this.#source.newContext(running);
    const call = ctx.call.bind(ctx) as (...given: unknown[]) => Promise<unknown>;
    const mcall = ctx.mcall.bind(ctx) as (...given: unknown[]) => Promise<unknown>;
    return Object.assign(ctx, {
      call: (...given: unknown[]) => ViewQuery.later(running, `ctx.call(${show(given[0])})`, call(...given)),
      mcall: (...given: unknown[]) => ViewQuery.later(running, "ctx.mcall", mcall(...given)),
    });
  }
}
