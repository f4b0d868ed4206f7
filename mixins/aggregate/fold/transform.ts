import type { FoldToken } from "../../service/fold-token.ts";
import type { Context, Span } from "moleculer";
import { nonePending } from "./view-query.ts";
import { FoldEndedError } from "../../../core/rows/fold-errors.ts";
import { isThenable } from "../../../core/concurrency/is-thenable.ts";
import type { Row } from "../../../core/rows/fields.ts";
import type { QueryFields, QueryParams } from "../../../core/query/query.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { EventCaller } from "../../consumer/event-caller.ts";
import { markFailed, type FoldSpans } from "../../observability/spans.ts";
import { loadRow, TransformViewOf, type Running, type ViewSource } from "./transform-view.ts";
import { TimeLimit } from "../../consumer/time-limit.ts";

/** The second argument of a function transform. Queries see every event before this one, committed or not. */
export interface TransformView<AnyRow = Row> {
  /** The entity's id: the part of the stream's name after its category. Reading it fails if there is none. */
  readonly id: string;
  /**
   * The row with this id, or null. It is loaded when it is read. On an engine that is not in the process, the transform
   * then runs again from its beginning, so read it first, as in `(event, { row }) => …`.
   */
  readonly row: AnyRow | null;
  find: (params?: QueryParams) => Promise<AnyRow[]>;
  get: (id: string) => Promise<AnyRow | null>;
  /** For calls to other services; created on first access. */
  readonly ctx: Context;
}

export type TransformFunction = (event: RecordedEvent, view: TransformView) => unknown;

/** An action's name, or a function. */
export type Transform = string | TransformFunction;

export interface TransformsDependencies {
  aggregate: string;
  node: string;
  fields: QueryFields;
  caller: Pick<EventCaller, "callAction" | "newContext">;
  /** How long a transform may take. */
  timeoutMs: number;
  spans: FoldSpans | null;
  /** The id of the last token of all folds of the aggregate on this node. */
  tokens: { lastId: number };
}

/**
 * Runs transforms, one at a time, each under a token of its own. A query that carries the token reads from the batch in
 * which the transform runs. The token ends with the transform.
 */
export class Transforms {
  readonly #aggregate: string;
  readonly #node: string;
  readonly #caller: TransformsDependencies["caller"];
  readonly #spans: FoldSpans | null;
  readonly timeLimit: TimeLimit;
  readonly #views: ViewSource;
  #current: Running | null = null;
  readonly #tokens: { lastId: number };
  /** Transforms that read `row` on an engine that has to be awaited: it is loaded before they run. */
  readonly #awaitRow = new Set<TransformFunction>();

  constructor({ aggregate, node, fields, caller, timeoutMs, spans, tokens }: TransformsDependencies) {
    this.#aggregate = aggregate;
    this.#node = node;
    this.#caller = caller;
    this.#spans = spans;
    this.#tokens = tokens;
    this.timeLimit = new TimeLimit(timeoutMs, node);
    this.#views = {
      fields,
      rowsFor: (id) => this.rowsFor(id),
      newContext: ({ id, event, span }) => caller.newContext(event, { $fold: this.#tokenOf(id) }, span),
    };
  }

  isRunning(id: number): boolean {
    return this.#current?.id === id;
  }

  /** The rows that a token gives access to. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    const current = this.#current;
    if (current === null || current.id !== id) throw new FoldEndedError(this.#aggregate);
    return current.rows;
  }

  /** Returns the transform's result; a promise only if the transform returns one: most of a catch-up is spent here. */
  run(transform: Transform, event: RecordedEvent, rows: Rows): unknown {
    const id = ++this.#tokens.lastId;
    const span = typeof transform === "string" ? null : (this.#spans?.transform(event) ?? null);
    const running: Running = { id, event, span, rows, row: undefined, loading: null, pending: nonePending };
    this.#current = running;
    if (typeof transform === "string")
      return this.#inTime(transform, this.#caller.callAction(transform, event, { $fold: this.#tokenOf(id) }), null);
    if (this.#awaitRow.size > 0 && this.#awaitRow.has(transform)) return this.#runWithRow(transform, running);
    return this.#call(transform, running);
  }

  #call(transform: TransformFunction, running: Running): unknown {
    const { event, span } = running;
    let answer: unknown;
    try {
      answer = transform(event, new TransformViewOf(running, this.#views));
    } catch (error) {
      if (running.loading) return this.#runWithRow(transform, running);
      this.#end(span, error);
      throw error;
    }
    if (isThenable(answer))
      return this.#inTime(`the transform of ${event.type}`, Promise.resolve(answer), span, transform);
    if (running.loading) return this.#runWithRow(transform, running);
    if (span || running.pending.length > 0) this.#finish(span, running.pending[0]);
    else this.#current = null;
    return answer;
  }

  async #inTime(
    what: string,
    answer: Promise<unknown>,
    span: Span | null,
    transform?: TransformFunction,
  ): Promise<unknown> {
    const running = this.#current;
    let pending: string | undefined;
    const look = () => void (pending = running?.pending[0]);
    let row: unknown;
    try {
      row = await this.timeLimit.wait(what, answer, look);
    } catch (error) {
      if (transform && running?.loading) return this.#runWithRow(transform, running);
      this.#end(span, error);
      throw error;
    }
    if (transform && running?.loading) return this.#runWithRow(transform, running);
    this.#finish(span, pending);
    return row;
  }

  async #runWithRow(transform: TransformFunction, running: Running): Promise<unknown> {
    this.#awaitRow.add(transform);
    const { event, rows, span } = running;
    try {
      const loading = running.loading ?? Promise.resolve(loadRow(running, rows));
      running.row = await this.timeLimit.wait(`the row of ${event.type}`, loading);
    } catch (error) {
      this.#end(span, error);
      throw error;
    }
    running.loading = null;
    running.pending = nonePending;
    return this.#call(transform, running);
  }

  /** @throws FoldEndedError if the transform returned before one of its view's queries had: the row may be wrong */
  #finish(span: Span | null, pending: string | undefined): void {
    const error = pending === undefined ? undefined : new FoldEndedError(this.#aggregate, pending);
    this.#end(span, error);
    if (error) throw error;
  }

  /** The token ends with its transform, even if the transform has timed out and still runs. */
  #end(span: Span | null, error?: unknown): void {
    this.#current = null;
    if (!span) return;
    if (error !== undefined) markFailed(span, error);
    span.finish();
  }

  #tokenOf(id: number): FoldToken {
    return { table: this.#aggregate, node: this.#node, id };
  }
}
