import type { Context } from "moleculer";
import type { Row } from "../../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";

/** One run of a transform. */
export interface Running {
  id: number;
  rows: Rows;
  /** Queries of the transform's own view that have not answered yet. */
  pending: number;
}

interface Source {
  fields: QueryFields;
  /** @throws FoldEndedError */
  rowsFor: (id: number) => Rows;
  newContext: () => Context;
}

/** What a function transform gets beside the event. Its functions are made when they are asked for: most transforms need none. */
export class TransformViewOf {
  readonly #running: Running;
  readonly #source: Source;
  #ctx: Context | undefined;

  constructor(running: Running, source: Source) {
    this.#running = running;
    this.#source = source;
  }

  get find(): (params?: QueryParams) => Promise<Row[]> {
    const { fields, rowsFor } = this.#source;
    return (params = {}) => this.#answer(() => rowsFor(this.#running.id).find(parseQuery(fields, params)));
  }

  get get(): (id: string) => Promise<Row | null> {
    const { rowsFor } = this.#source;
    return async (id) => (await this.#answer(() => rowsFor(this.#running.id).findByIds([id])))[0] ?? null;
  }

  get ctx(): Context {
    return (this.#ctx ??= this.#source.newContext());
  }

  /** Counted until the answer is there, to notice a transform that does not wait for it. */
  #answer<Answer>(query: () => Answer | Promise<Answer>): Promise<Answer> {
    const running = this.#running;
    running.pending++;
    const end = () => void running.pending--;
    try {
      const answer = Promise.resolve(query());
      answer.then(end, end);
      return answer;
    } catch (error) {
      end();
      return Promise.reject(error);
    }
  }
}
