import { randomInt } from "node:crypto";
import { FoldEndedError } from "../../../core/rows/fold-errors.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import type { FoldSpans } from "../../observability/spans.ts";
import { Transforms, type TransformsDependencies } from "./transform.ts";

/**
 * The folds of one aggregate that run on this node: that of the live table and those beside it. Each runs its own
 * transforms, one at a time; a token leads from a query to the fold that it belongs to.
 */
export class Folds {
  readonly #d: Omit<TransformsDependencies, "nextId" | "spans">;
  readonly #running = new Set<Transforms>();
  /** Begins anywhere, so that a token from before a restart meets no fold of today. */
  #lastId = randomInt(2 ** 40);

  constructor(dependencies: Omit<TransformsDependencies, "nextId" | "spans">) {
    this.#d = dependencies;
  }

  begin(spans: FoldSpans | null): Transforms {
    const transforms = new Transforms({ ...this.#d, spans, nextId: () => ++this.#lastId });
    this.#running.add(transforms);
    return transforms;
  }

  end(transforms: Transforms): void {
    transforms.timeLimit.end();
    this.#running.delete(transforms);
  }

  /** The node stops: no fold waits long for its transform any more. */
  shortenForShutdown(): void {
    for (const { timeLimit } of this.#running) timeLimit.shortenForShutdown();
  }

  /** The rows that belong to a token. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    for (const transforms of this.#running) if (transforms.isRunning(id)) return transforms.rowsFor(id);
    throw new FoldEndedError(this.#d.aggregate);
  }
}
