import { definitionChanges } from "../../../core/rows/definition.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { inWords } from "../../../core/errors/problem.ts";
import type { Debug } from "../../../core/text/state-log.ts";
import { sameFields, type Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";

/** What happens at a start whose definition is not the one that the table was folded by. */
export type OnChange = "rebuild" | "warn" | "refuse";

/** What a beginning follows from. */
export interface StartDependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  /** Today's, as text: see `describeDefinition`. */
  definition: string;
  onChange: OnChange;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/** How a start goes on with the table that it finds. */
export interface StartPlan {
  /** What to fold into: the live generation, or a new one that is to take its place. */
  generation: Generation;
  isStale: boolean;
  /** Why nothing can be folded into it. */
  blockedBy: string | null;
  /** The rows are another definition's, and today's are to be folded onto them. */
  isMixing: boolean;
}

/** Looks whether an open table was folded by today's definition. @throws UnusableStoreError with `onChange: "refuse"` */
export async function startPlanOf(dependencies: StartDependencies): Promise<StartPlan> {
  const { name, table, fields, definition, onChange, info, warn } = dependencies;
  const live = table.live();
  const changes = changesOf(dependencies);
  if (changes === null) return { generation: live, isStale: false, blockedBy: null, isMixing: false };
  refuseChange(dependencies);
  if (onChange === "warn") {
    warn(`${name}: its table was folded by another definition; "rebuild" folds it anew`, { changes });
    // The same columns take today's rows; others cannot.
    const isMixing = sameFields(live.fields, fields);
    const blockedBy = isMixing ? null : `its table has other fields (${changes}); "rebuild" folds it anew`;
    return { generation: live, isStale: true, blockedBy: blockedBy, isMixing };
  }
  info(`${name} has another definition than its table; a new one is folded beside it, which answers until then`, {
    changes,
  });
  // It is as far as its predecessor in what was ordered.
  const generation = await table.build(fields, { definition, order: live.origin.order });
  return { generation, isStale: true, blockedBy: null, isMixing: false };
}

/** In words; null where it was folded by today's. */
function changesOf({ table, fields, definition }: StartDependencies): string | null {
  const live = table.live();
  const problems = definitionChanges(live.origin.definition, definition);
  if (problems.length > 0) return inWords(problems);
  return sameFields(live.fields, fields) ? null : "other fields";
}

/** @throws UnusableStoreError where an open table was folded by another definition, and that is refused */
export function refuseChange(dependencies: StartDependencies): void {
  const { name, onChange } = dependencies;
  const changes = onChange === "refuse" ? changesOf(dependencies) : null;
  if (changes !== null)
    throw new UnusableStoreError(name, `its table was folded by another definition (${changes}); onChange: "refuse"`);
}
