import { randomInt } from "node:crypto";
import type { Context, Span } from "moleculer";
import { FoldEndedError } from "../../core/errors.ts";
import type { Row } from "../../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import type { EventCaller } from "../consumer/event-caller.ts";
import { markFailed, type FoldSpans } from "../spans.ts";
import { TimeLimit } from "../consumer/time-limit.ts";

/** What a function transform gets beside the event. Queries see every event before this one, committed or not. */
export interface TransformView<AnyRow = Row> {
  find: (params?: QueryParams) => Promise<AnyRow[]>;
  get: (id: string) => Promise<AnyRow | null>;
  /** For calls to other services; made when it is first asked for. */
  readonly ctx: Context;
}

export type TransformFunction = (event: RecordedEvent, view: TransformView) => unknown;

/** An action's name, or a function. */
export type Transform = string | TransformFunction;

/** Names the fold that a transform belongs to; travels in `ctx.meta.$fold` along the transform's calls. */
export interface FoldToken {
  aggregate: string;
  node: string;
  id: number;
}

interface Running {
  id: number;
  rows: Rows;
}

interface Dependencies {
  aggregate: string;
  node: string;
  fields: QueryFields;
  caller: EventCaller;
  /** How long a transform may take. */
  timeoutMs: number;
  spans: FoldSpans | null;
}

/**
 * Runs transforms, one at a time, each under a token of its own. A query that carries the token is answered from the
 * batch in which the transform runs; when the transform has ended, so has its token.
 */
export class Transforms {
  readonly #aggregate: string;
  readonly #node: string;
  readonly #fields: QueryFields;
  readonly #caller: EventCaller;
  readonly #spans: FoldSpans | null;
  readonly timeLimit: TimeLimit;
  #current: Running | null = null;
  /** Begins anywhere, so that a token from before a restart meets no fold of today. */
  #lastId = randomInt(2 ** 40);

  constructor({ aggregate, node, fields, caller, timeoutMs, spans }: Dependencies) {
    this.#aggregate = aggregate;
    this.#node = node;
    this.#fields = fields;
    this.#caller = caller;
    this.#spans = spans;
    this.timeLimit = new TimeLimit(timeoutMs, node);
  }

  /** The rows that belong to a token. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    const current = this.#current;
    if (current === null || current.id !== id) throw new FoldEndedError(this.#aggregate);
    return current.rows;
  }

  async run(transform: Transform, event: RecordedEvent, rows: Rows): Promise<unknown> {
    const id = ++this.#lastId;
    const token = { aggregate: this.#aggregate, node: this.#node, id };
    this.#current = { id, rows };
    const span = typeof transform === "string" ? null : (this.#spans?.transform(event) ?? null);
    try {
      const answer =
        typeof transform === "string"
          ? this.#caller.callAction(transform, event, { $fold: token })
          : transform(event, this.#viewOf(event, token, span));
      const what = typeof transform === "string" ? transform : `the transform of ${event.type}`;
      return answer instanceof Promise ? await this.timeLimit.wait(what, answer) : await answer;
    } catch (error) {
      if (span) markFailed(span, error);
      throw error;
    } finally {
      span?.finish();
      // The token ends with it, also where it was given up and still runs.
      this.#current = null;
    }
  }

  #viewOf(event: RecordedEvent, token: FoldToken, span: Span | null): TransformView {
    let ctx: Context | undefined;
    const { id } = token;
    const newContext = () => this.#caller.newContext(event, { $fold: token }, span);
    return {
      find: async (params = {}) => this.rowsFor(id).find(parseQuery(this.#fields, params)),
      get: async (rowId) => (await this.rowsFor(id).findByIds([rowId]))[0] ?? null,
      get ctx() {
        return (ctx ??= newContext());
      },
    };
  }
}
