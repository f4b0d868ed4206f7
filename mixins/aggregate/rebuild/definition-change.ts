import { definitionChanges, fieldChanges } from "../../../core/rows/definition.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { inWords } from "../../../core/errors/problem.ts";
import type { Debug } from "../../../core/text/state-log.ts";
import { sameFields, type Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";

/** What a start does if the table was folded by another definition. */
export type OnChange = "rebuild" | "warn" | "refuse";

/** The inputs of a start plan. */
export interface StartDependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  /** The current definition as text: see `describeDefinition`. */
  definition: string;
  onChange: OnChange;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/** How a start continues with the table that it has found. */
export interface StartPlan {
  /** The generation to fold into: the live one, or a new one that will replace it. */
  generation: Generation;
  isStale: boolean;
  /** Why no event can be folded into the generation. */
  blockedBy: string | null;
  /** The rows are of another definition, and events will be folded into them by the current one. */
  isMixing: boolean;
}

/** Compares an open table's definition with the current one. @throws UnusableStoreError with `onChange: "refuse"` */
export async function startPlanOf(dependencies: StartDependencies): Promise<StartPlan> {
  const { name, table, fields, definition, onChange, info, warn } = dependencies;
  const live = table.live();
  const changes = changesOf(dependencies);
  if (changes === null) return { generation: live, isStale: false, blockedBy: null, isMixing: false };
  refuseChange(dependencies);
  if (onChange === "warn") {
    warn(`${name}: its table was folded by another definition; "rebuild" folds it from the first event`, { changes });
    // Rows of the current definition fit into the same columns only.
    const isMixing = sameFields(live.fields, fields);
    const blockedBy = isMixing
      ? null
      : `its table has other fields (${changes}); "rebuild" folds it from the first event`;
    return { generation: live, isStale: true, blockedBy: blockedBy, isMixing };
  }
  info(`${name} has another definition than its table; a new one is folded beside it, which answers until then`, {
    changes,
  });
  // The new generation counts as built for the same request as the live one, so that request is not repeated.
  const generation = await table.build(fields, { definition, requestId: live.origin.requestId });
  return { generation, isStale: true, blockedBy: null, isMixing: false };
}

/** The changes in words; null if the table was folded by the current definition. */
function changesOf({ table, fields, definition }: StartDependencies): string | null {
  const live = table.live();
  const problems = definitionChanges(live.origin.definition, definition);
  if (problems.length > 0) return inWords(problems);
  return sameFields(live.fields, fields)
    ? null
    : inWords(fieldChanges(live.fields, fields)) || "fields in another order";
}

/** @throws UnusableStoreError if an open table was folded by another definition and `onChange` is "refuse" */
export function refuseChange(dependencies: StartDependencies): void {
  const { name, onChange } = dependencies;
  const changes = onChange === "refuse" ? changesOf(dependencies) : null;
  if (changes !== null)
    throw new UnusableStoreError(name, `its table was folded by another definition (${changes}); onChange: "refuse"`);
}
