import { unfilledFields } from "../../../core/rows/definition-copy.ts";
import type { RowChange } from "../../../core/rows/row-change.ts";
import type { Generation } from "../../../core/table/read-table.ts";

/**
 * An event fills a field that a copy of the table has added. Earlier events would fill it, too, so the rows are not those
 * of the current definition. Ends the batch: the event is not at fault.
 */
export class FieldFilledError extends Error {
  readonly field: string;

  constructor(field: string) {
    super(`an event fills ${field}, which was added without a fold, since no transform's source had changed`);
    this.field = field;
  }
}

/** The fields that a copy of a generation has added, and that no event has filled yet. */
export class UnfilledFields {
  readonly #generation: Pick<Generation, "origin">;
  #definition = "";
  #names: readonly string[] = [];

  constructor(generation: Pick<Generation, "origin">) {
    this.#generation = generation;
  }

  /** @throws FieldFilledError */
  check(changes: readonly RowChange[]): void {
    const { definition } = this.#generation.origin;
    if (definition !== this.#definition) {
      this.#definition = definition;
      this.#names = unfilledFields(definition);
    }
    if (this.#names.length === 0) return;
    for (const change of changes)
      for (const name of this.#names)
        if (change.operation !== "remove" && (change.values[name] ?? null) !== null) throw new FieldFilledError(name);
  }
}
