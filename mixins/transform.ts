import { randomInt } from "node:crypto";
import type { Context } from "moleculer";
import { FoldEndedError } from "../core/errors.ts";
import type { Row } from "../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../core/query.ts";
import type { Rows } from "../core/read-table.ts";
import type { RecordedEvent } from "../core/recorded-event.ts";

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
  newContext(event: RecordedEvent, token: FoldToken): Context;
}

/**
 * Runs transforms, one at a time, each under a token of its own. A query that carries the token is answered from the
 * batch in which the transform runs; when the transform has ended, so has its token.
 */
export class Transforms {
  readonly #aggregate: string;
  readonly #node: string;
  readonly #fields: QueryFields;
  readonly #caller: TransformCaller;
  #current: { id: number; rows: Rows } | null = null;
  /** Begins anywhere, so that a token from before a restart meets no fold of today. */
  #lastId = randomInt(2 ** 40);

  constructor(aggregate: string, node: string, fields: QueryFields, caller: TransformCaller) {
    this.#aggregate = aggregate;
    this.#node = node;
    this.#fields = fields;
    this.#caller = caller;
  }

  /** The rows that belong to a token. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    if (this.#current?.id !== id) throw new FoldEndedError(this.#aggregate);
    return this.#current.rows;
  }

  async run(transform: Transform, event: RecordedEvent, rows: Rows): Promise<unknown> {
    const id = ++this.#lastId;
    const token = { aggregate: this.#aggregate, node: this.#node, id };
    this.#current = { id, rows };
    try {
      if (typeof transform === "string") return await this.#caller.callAction(transform, event, token);
      return await transform(event, this.#viewOf(event, token));
    } finally {
      this.#current = null;
    }
  }

  #viewOf(event: RecordedEvent, token: FoldToken): TransformView {
    let ctx: Context | undefined;
    const { id } = token;
    const newContext = () => this.#caller.newContext(event, token);
    return {
      find: async (params = {}) => this.rowsFor(id).find(parseQuery(this.#fields, params)),
      get: async (rowId) => (await this.rowsFor(id).findByIds([rowId]))[0] ?? null,
      get ctx() {
        return (ctx ??= newContext());
      },
    };
  }
}
