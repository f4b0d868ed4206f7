import { definitionChanges } from "../../../core/definition.ts";
import { inWords, UnusableStoreError } from "../../../core/errors.ts";
import { sameFields, type Fields } from "../../../core/fields.ts";
import type { Generation, ReadTable } from "../../../core/read-table.ts";

/** What happens at a start whose definition is not the one that the table was folded by. */
export type OnChange = "rebuild" | "warn" | "refuse";

interface Dependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  /** Today's, as text: see `describeDefinition`. */
  definition: string;
  onChange: OnChange;
  info: (message: string, details: object) => void;
  warn: (message: string, details: object) => void;
}

/** How a start goes on with the table that it finds. */
export interface Beginning {
  /** What to fold into: the live generation, or a new one that is to take its place. */
  generation: Generation;
  isStale: boolean;
  /** Why nothing can be folded into it. */
  hindrance: string | null;
  /** The rows are another definition's, and today's are to be folded onto them. */
  isMixing: boolean;
}

/** Looks whether an open table was folded by today's definition. @throws UnusableStoreError with `onChange: "refuse"` */
export async function beginningOf(dependencies: Dependencies): Promise<Beginning> {
  const { name, table, fields, definition, onChange, info, warn } = dependencies;
  const live = table.live();
  const hasTodaysFields = sameFields(live.fields, fields);
  const problems = definitionChanges(live.origin.definition, definition);
  if (hasTodaysFields && problems.length === 0)
    return { generation: live, isStale: false, hindrance: null, isMixing: false };
  const changes = inWords(problems) || "other fields";
  switch (onChange) {
    case "refuse":
      throw new UnusableStoreError(name, `its table was folded by another definition (${changes}); onChange: "refuse"`);
    case "warn": {
      warn(`${name}: its table was folded by another definition; "rebuild" folds it anew`, { changes });
      // The same columns take today's rows; others cannot.
      const hindrance = hasTodaysFields ? null : `its table has other fields (${changes}); "rebuild" folds it anew`;
      return { generation: live, isStale: true, hindrance, isMixing: hasTodaysFields };
    }
    case "rebuild": {
      info(`${name} has another definition than its table; a new one is folded beside it, which answers until then`, {
        changes,
      });
      // It is as far as its predecessor in what was ordered.
      const generation = await table.build(fields, { definition, order: live.origin.order });
      return { generation, isStale: true, hindrance: null, isMixing: false };
    }
  }
}
