import type { Context, Span } from "moleculer";
import type { Row } from "../../../core/rows/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { ViewQuery } from "./view-query.ts";

/** One run of a transform. */
export interface Running {
  id: number;
  event: RecordedEvent;
  span: Span | null;
  rows: Rows;
  /** Queries and calls through the transform's own view that it has not awaited yet. */
  pending: number;
}

/** The source of the answers for the views of all runs. */
export interface ViewSource {
  fields: QueryFields;
  /** @throws FoldEndedError */
  rowsFor: (id: number) => Rows;
  newContext: (running: Running) => Context;
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

  get find(): (params?: QueryParams) => Promise<Row[]> {
    const { fields } = this.#source;
    return (params = {}) =>
      this.#answer(
        (rows) => rows.find(parseQuery(fields, params)),
        (found) => found,
      );
  }

  get get(): (id: string) => Promise<Row | null> {
    return (id) =>
      this.#answer(
        (rows) => rows.findByIds([id]),
        ([row = null]) => row,
      );
  }

  get ctx(): Context {
    return (this.#ctx ??= this.#newContext());
  }

  #answer<Answer>(query: (rows: Rows) => Row[] | Promise<Row[]>, pick: (found: Row[]) => Answer): Promise<Answer> {
    const running = this.#running;
    try {
      const found = query(this.#source.rowsFor(running.id));
      return Array.isArray(found)
        ? ViewQuery.answered(running, pick(found))
        : ViewQuery.later(running, found.then(pick));
    } catch (error) {
      return ViewQuery.failed(running, error);
    }
  }

  /** A context whose calls count among the transform's pending queries, whichever service they call. */
  #newContext(): Context {
    const running = this.#running;
    const ctx = this.#source.newContext(running);
    const call = ctx.call.bind(ctx) as (...given: unknown[]) => Promise<unknown>;
    const mcall = ctx.mcall.bind(ctx) as (...given: unknown[]) => Promise<unknown>;
    return Object.assign(ctx, {
      call: (...given: unknown[]) => ViewQuery.later(running, call(...given)),
      mcall: (...given: unknown[]) => ViewQuery.later(running, mcall(...given)),
    });
  }
}
