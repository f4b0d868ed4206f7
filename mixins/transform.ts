import { randomInt } from "node:crypto";
import { Errors, type Context, type Span } from "moleculer";
import { FoldEndedError } from "../core/errors.ts";
import type { Row } from "../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../core/query.ts";
import type { Rows } from "../core/read-table.ts";
import type { RecordedEvent } from "../core/recorded-event.ts";
import { markFailed, type FoldSpans } from "./spans.ts";

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

/** The broker as a fold needs it. */
export interface TransformCaller {
  callAction(name: string, event: RecordedEvent, token: FoldToken): Promise<unknown>;
  newContext(event: RecordedEvent, token: FoldToken, span: Span | null): Context;
}

interface Running {
  id: number;
  rows: Rows;
  /** The transform's name, for the error. */
  what: string;
  timer?: NodeJS.Timeout;
  giveUp?: () => void;
}

interface Dependencies {
  aggregate: string;
  node: string;
  fields: QueryFields;
  caller: TransformCaller;
  /** How long a transform may take. */
  timeoutMs: number;
  spans: FoldSpans | null;
}

/** How long a stopping node waits for a transform. */
const hurryMs = 5000;

/**
 * Runs transforms, one at a time, each under a token of its own. A query that carries the token is answered from the
 * batch in which the transform runs; when the transform has ended, so has its token.
 */
export class Transforms {
  readonly #aggregate: string;
  readonly #node: string;
  readonly #fields: QueryFields;
  readonly #caller: TransformCaller;
  readonly #timeoutMs: number;
  readonly #spans: FoldSpans | null;
  #current: Running | null = null;
  #isHurried = false;
  /** Begins anywhere, so that a token from before a restart meets no fold of today. */
  #lastId = randomInt(2 ** 40);

  constructor({ aggregate, node, fields, caller, timeoutMs, spans }: Dependencies) {
    this.#aggregate = aggregate;
    this.#node = node;
    this.#fields = fields;
    this.#caller = caller;
    this.#timeoutMs = timeoutMs;
    this.#spans = spans;
  }

  /** The node stops: a transform that does not come to an end soon is given up. */
  hurry(): void {
    this.#isHurried = true;
    if (this.#current) this.#limit(this.#current, Math.min(hurryMs, this.#timeoutMs));
  }

  start(): void {
    this.#isHurried = false;
  }

  /** The rows that belong to a token. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    if (this.#current?.id !== id) throw new FoldEndedError(this.#aggregate);
    return this.#current.rows;
  }

  async run(transform: Transform, event: RecordedEvent, rows: Rows): Promise<unknown> {
    const id = ++this.#lastId;
    const token = { aggregate: this.#aggregate, node: this.#node, id };
    const running: Running = { id, rows, what: typeof transform === "string" ? transform : event.type };
    this.#current = running;
    const span = typeof transform === "string" ? null : (this.#spans?.transform(event) ?? null);
    try {
      const answer =
        typeof transform === "string"
          ? this.#caller.callAction(transform, event, token)
          : transform(event, this.#viewOf(event, token, span));
      return answer instanceof Promise ? await this.#inTime(running, answer) : await answer;
    } catch (error) {
      if (span) markFailed(span, error);
      throw error;
    } finally {
      span?.finish();
      this.#current = null;
      clearTimeout(running.timer);
    }
  }

  /** What never settles must hold up neither the others nor a stop: its token ends, and its answer is ignored. */
  #inTime(running: Running, answer: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      running.giveUp = () => reject(new Errors.RequestTimeoutError({ action: running.what, nodeID: this.#node }));
      this.#limit(running, this.#isHurried ? Math.min(hurryMs, this.#timeoutMs) : this.#timeoutMs);
      answer.then(resolve, reject);
    });
  }

  #limit(running: Running, ms: number): void {
    clearTimeout(running.timer);
    running.timer = setTimeout(() => running.giveUp?.(), ms);
  }

  #viewOf(event: RecordedEvent, token: FoldToken, span: Span | null): TransformView {
    let ctx: Context | undefined;
    const { id } = token;
    const newContext = () => this.#caller.newContext(event, token, span);
    return {
      find: async (params = {}) => this.rowsFor(id).find(parseQuery(this.#fields, params)),
      get: async (rowId) => (await this.rowsFor(id).findByIds([rowId]))[0] ?? null,
      get ctx() {
        return (ctx ??= newContext());
      },
    };
  }
}
