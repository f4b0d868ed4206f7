import { changeKind, copiedDefinition, type ChangeKind } from "../../../core/rows/definition-copy.ts";
import {
  definitionChanges,
  definitionHash,
  fieldChanges,
  isOfOtherSource,
  parseDescription,
} from "../../../core/rows/definition.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import { inWords, show } from "../../../core/errors/problem.ts";
import type { Debug } from "../../../core/text/state-log.ts";
import { sameFields, type Fields } from "../../../core/rows/fields.ts";
import type { Generation, ReadTable } from "../../../core/table/read-table.ts";

/** What a start does if the table was folded by another definition. */
export type OnChange = "rebuild" | "warn" | "refuse";

/** The owner of a host's rows: see `TableOpenOptions`. Without "rebuild", hosts of all definitions fold the same rows. */
export const ownerOf = ({ onChange, definition }: Pick<StartDependencies, "onChange" | "definition">): string =>
  onChange === "rebuild" ? definitionHash(definition).slice(0, 16) : "";

/** The inputs of a start plan. */
export interface StartDependencies {
  name: string;
  table: ReadTable;
  fields: Fields;
  /** The current definition as text: see `describeDefinition`. */
  definition: string;
  onChange: OnChange;
  /** Of the generations that this host folds: see `TableOpenOptions`. */
  owner: string;
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
  /** The generation is to be copied before an event is folded; returns the plan to continue with. */
  copy: (() => Promise<StartPlan>) | null;
}

/** Compares an open table's definition with the current one. @throws UnusableStoreError with `onChange: "refuse"` */
export async function startPlanOf(dependencies: StartDependencies): Promise<StartPlan> {
  const changes = changesOf(dependencies);
  if (canFoldOn(dependencies, changes)) await adoptRows(dependencies);
  const plan = { generation: dependencies.table.live(), isStale: false, blockedBy: null, isMixing: false, copy: null };
  if (changes === null) return plan;
  if (await canCopy(dependencies)) return { ...plan, isStale: true, copy: () => copyPlanOf(dependencies) };
  await refuseChange(dependencies);
  return foldPlanOf(dependencies, changes);
}

/** Whether events may be folded into the rows as they are. */
const canFoldOn = ({ table, fields, onChange }: StartDependencies, changes: string | null): boolean =>
  changes === null || (onChange === "warn" && sameFields(table.live().fields, fields));

/** Continues in a copy of rows that another owner folds, or has folded: see `TableOpenOptions.owner`. */
async function adoptRows({ table, owner }: StartDependencies): Promise<void> {
  const live = table.live();
  if (live.owner !== owner) await table.switchTo(await table.copy(live.fields, live.origin));
}

/** Folds rows of the current definition, as far as `onChange` allows it without a request. */
export async function foldPlanOf(dependencies: StartDependencies, changes: string): Promise<StartPlan> {
  const { name, table, fields, definition, onChange, info, warn } = dependencies;
  const live = table.live();
  if (onChange !== "rebuild") {
    warn(`${name}: its table was folded by another definition; "rebuild" folds it from the first event`, { changes });
    // Rows of the current definition fit into the same columns only.
    const isMixing = canFoldOn(dependencies, changes);
    const blockedBy = isMixing
      ? null
      : `its table was folded by another definition (${changes}); "rebuild" folds it from the first event`;
    return { generation: live, isStale: true, blockedBy, isMixing, copy: null };
  }
  info(`${name} has another definition than its table; a new one is folded beside it, which answers until then`, {
    changes,
  });
  // The new generation counts as built for the same request as the live one, so that request is not repeated.
  const generation = await table.build(fields, { definition, requestId: live.origin.requestId });
  return { generation, isStale: true, blockedBy: null, isMixing: false, copy: null };
}

/**
 * Copies the live generation, with the fields of the current definition. A parked event may have failed because of a
 * field that changes, so its rows are folded.
 */
async function copyPlanOf(dependencies: StartDependencies): Promise<StartPlan> {
  const { name, table, fields, definition, info, warn } = dependencies;
  const { origin } = table.live();
  const kind = changeKind(origin.definition, definition);
  const changes = changesOf(dependencies);
  // Another host has replaced it meanwhile.
  if (changes === null || !isOfCopy(kind)) return startPlanOf(dependencies);
  info(`${name} has other indexes or fields than its table, which is copied: no event is folded again`, { changes });
  try {
    const generation = await table.copy(fields, {
      definition: copiedDefinition(origin.definition, definition),
      requestId: origin.requestId,
    });
    if (kind === "indexes" || (await generation.parked()).length === 0)
      return { generation, isStale: true, blockedBy: null, isMixing: false, copy: null };
    await table.drop(generation);
  } catch (error) {
    if (!isDuplicateRow(error)) throw error;
    const { field, actual } = error.data;
    warn(`${name}: its rows do not fit the current fields: ${field} is unique, and two rows have ${show(actual)}`, {});
  }
  return foldPlanOf(dependencies, changes);
}

const isOfCopy = (kind: ChangeKind) => kind === "indexes" || kind === "fields";

const isDuplicateRow = (error: unknown): error is { data: { field: string; actual: unknown } } =>
  (error as { type?: unknown } | null)?.type === "DUPLICATE_ROW";

async function canCopy({ table, definition }: StartDependencies): Promise<boolean> {
  const live = table.live();
  const kind = changeKind(live.origin.definition, definition);
  return isOfCopy(kind) && (kind === "indexes" || (await live.parked()).length === 0);
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

/** @throws UnusableStoreError if a start has to fold an open table again and `onChange` is "refuse" */
export async function refuseChange(dependencies: StartDependencies): Promise<void> {
  const { name, onChange } = dependencies;
  const changes = onChange === "refuse" ? changesOf(dependencies) : null;
  if (changes !== null && !(await canCopy(dependencies)))
    throw new UnusableStoreError(name, `its table was folded by another definition (${changes}); onChange: "refuse"`);
}

/** With a `definitionVersion` another source folds no row anew: it may be another compiler's, or the version was forgotten. */
export function warnOfSource({ name, table, definition, warn }: StartDependencies): void {
  if (!isOfOtherSource(table.live().origin.definition, definition)) return;
  const { definitionVersion } = parseDescription(definition)!;
  warn(
    `${name}: the source of its transforms is not the one that its table was folded by, under the same definitionVersion; raise it if they fold other rows`,
    { definitionVersion },
  );
}

/**
 * Without rows of their own, hosts with "warn" or "refuse" continue in those that became live last, which may be of
 * another definition than theirs while hosts with "rebuild" fold several.
 */
export async function warnOfOwners({ name, table, onChange, owner, warn }: StartDependencies): Promise<void> {
  if (onChange === "rebuild" || table.capabilities.hosts === "one") return;
  const definitions = (await table.lives()).map((live) => live.owner).filter((other) => other !== owner);
  if (definitions.length === 0) return;
  warn(
    `${name}: onChange is "${onChange}", and its table has rows of nodes with "rebuild"; give all nodes the same onChange`,
    { definitions },
  );
}
