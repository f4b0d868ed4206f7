import type { Context, Span } from "moleculer";
import type { Row } from "../../core/fields.ts";
import { parseQuery, type QueryFields, type QueryParams } from "../../core/query.ts";
import type { Rows } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";

/** One run of a transform. */
export interface Running {
  id: number;
  event: RecordedEvent;
  span: Span | null;
  rows: Rows;
  /** Queries of the transform's own view that have not answered yet. */
  pending: number;
}

/** Where the views of all runs get their answers. */
export interface ViewSource {
  fields: QueryFields;
  /** @throws FoldEndedError */
  rowsFor: (id: number) => Rows;
  newContext: (running: Running) => Context;
}

/** What a function transform gets beside the event. Its functions are made when they are asked for: most transforms need none. */
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
    return (this.#ctx ??= this.#source.newContext(this.#running));
  }

  /** Counted until the answer is there, to notice a transform that does not wait for it. */
  #answer<Answer>(query: (rows: Rows) => Row[] | Promise<Row[]>, pick: (found: Row[]) => Answer): Promise<Answer> {
    const running = this.#running;
    running.pending++;
    const end = () => void running.pending--;
    let answer: Promise<Answer>;
    try {
      const found = query(this.#source.rowsFor(running.id));
      if (Array.isArray(found)) {
        // Most engines answer at once: one promise, and no other around it.
        queueMicrotask(end);
        return Promise.resolve(pick(found));
      }
      answer = found.then(pick);
    } catch (error) {
      answer = Promise.reject(error);
    }
    // A transform that does not wait for it is told by its event's error.
    answer.then(end, end);
    return answer;
  }
}
