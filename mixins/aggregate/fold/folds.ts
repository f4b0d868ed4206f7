import { randomInt } from "node:crypto";
import { FoldEndedError } from "../../../core/rows/fold-errors.ts";
import type { Rows } from "../../../core/table/read-table.ts";
import type { FoldSpans } from "../../observability/spans.ts";
import { Transforms, type TransformsDependencies } from "./transform.ts";

/**
 * The folds of one aggregate that run on this node: the fold of the live table and those beside it. Each runs its own
 * transforms, one at a time. A token identifies the fold that a query belongs to.
 */
export class Folds {
  readonly #d: Omit<TransformsDependencies, "tokens" | "spans">;
  readonly #running = new Set<Transforms>();
  /** Starts at a random number, so that a token from before a restart matches no current fold. */
  readonly #tokens = { lastId: randomInt(2 ** 40) };

  constructor(dependencies: Omit<TransformsDependencies, "tokens" | "spans">) {
    this.#d = dependencies;
  }

  begin(spans: FoldSpans | null): Transforms {
    const transforms = new Transforms({ ...this.#d, spans, tokens: this.#tokens });
    this.#running.add(transforms);
    return transforms;
  }

  end(transforms: Transforms): void {
    transforms.timeLimit.end();
    this.#running.delete(transforms);
  }

  /** The node is stopping: no fold waits long for its transform any more. */
  shortenForShutdown(): void {
    for (const { timeLimit } of this.#running) timeLimit.shortenForShutdown();
  }

  /** The rows that a token gives access to. @throws FoldEndedError */
  rowsFor(id: number): Rows {
    for (const transforms of this.#running) if (transforms.isRunning(id)) return transforms.rowsFor(id);
    throw new FoldEndedError(this.#d.aggregate);
  }
}
