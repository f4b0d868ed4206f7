import { DuplicateRowError, StoreUnavailableError } from "../../../core/errors/errors.ts";
import { fieldsFromText, type Field } from "../../../core/rows/fields.ts";
import { copiedFields } from "../../../core/rows/copied-fields.ts";
import { decode, emptyRow } from "../rows/row-codec.ts";
import type { ColumnValue } from "../rows/where.ts";
import { GenerationLines, type Line } from "./backup-rows.ts";
import type { RowStore } from "./row-store.ts";
import { generationIn, type StoredGeneration } from "./stored-generation.ts";
import { TableCopy } from "./table-copy.ts";

/**
 * Copies a generation into an empty one with other fields. Returns the document of the copy.
 * @throws DuplicateRowError; StoreUnavailableError if another host has taken the table over
 */
export async function copyGeneration(store: RowStore, from: number, to: StoredGeneration): Promise<StoredGeneration> {
  const fields = fieldsFromText(to.fields);
  const source = await generationIn(store, from);
  if (!source) throw new StoreUnavailableError(store.location, `generation ${from} was replaced before it was copied`);
  const { kept, newlyUnique } = copiedFields(fieldsFromText(source.fields), fields);
  const lines = new GenerationLines(store, to.number);
  const { stored, passes } = await TableCopy.read(store, from, {
    add: ([pass, kind, id, content]: Line) => {
      if (kind !== "rows" || content === null) return lines.add([pass, kind, id, content]);
      const values = Object.fromEntries(kept.map(({ name }) => [name, content[name]!]));
      return lines.add([pass, kind, id, { ...emptyRow(fields, id), ...values }]);
    },
    flush: () => lines.flush(),
  });
  for (const field of newlyUnique) await assertUnique(store, to.number, field);
  const done = { batch: passes, progress: stored.progress };
  const { _id, epoch, batch } = to;
  if (!(await store.heads.change(_id, { epoch, batch }, done)))
    throw new StoreUnavailableError(store.location, "another host has taken the table over while it was copied");
  return { ...to, ...done };
}

/** Memory holds the values of one field. @throws DuplicateRowError */
async function assertUnique(store: RowStore, number: number, field: Field): Promise<void> {
  const { name } = field;
  const seen = new Set<ColumnValue>();
  for await (const { id, content } of store.documents(number, "rows").find({})) {
    const value = content![name]!;
    if (seen.has(value)) throw new DuplicateRowError(name, decode(new Map([[name, field]]), { ...content, id })[name]);
    if (value !== null) seen.add(value);
  }
}
