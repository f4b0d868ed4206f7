// Random changes in random batches, compared with the same changes of a map.
import type { FieldsInput } from "../../core/rows/fields.ts";
import type { Batch, ReadTable } from "../../core/table/read-table.ts";
import { pick, randomFrom, times, type Random } from "../kit/random.ts";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { queriedFields, randomRow } from "./random-query.ts";
import { at, committed, create, remove, seen, update, type TableCases } from "./table-fixture.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

const fields: FieldsInput = { ...queriedFields, code: { type: "string", unique: true } };
const ids = ["1", "2", "3", "4", "5", "6"];

type Plain = ReadonlyMap<string, Record<string, unknown>>;

const withoutNulls = (rows: Plain) =>
  Object.fromEntries(
    [...rows].map(([id, row]) => [id, Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))]),
  );

function randomChange(random: Random): RowChange {
  const id = pick(random, ids);
  const { id: _, ...values } = randomRow(random, 0);
  const some = Object.fromEntries(Object.entries(values).filter(() => random() < 0.4));
  if (random() < 0.15) some["code"] = pick(random, ["a", "b", "c", null]);
  return pick(random, [update(id, some), update(id, some), update(id, some), create(id, some), remove(id)]);
}

/** Null if one of the changes is refused. */
function plainly(rows: Plain, changes: readonly RowChange[]): Plain | null {
  const changed = new Map(rows);
  for (const change of changes) {
    const { id } = change;
    if (change.operation === "remove") {
      changed.delete(id);
      continue;
    }
    const code = change.values["code"] ?? null;
    const isTaken = code !== null && [...changed].some(([other, row]) => other !== id && row["code"] === code);
    if (isTaken || (change.operation === "create" && changed.has(id))) return null;
    changed.set(id, { ...changed.get(id), ...change.values });
  }
  return changed;
}

async function applied(batch: Batch, rows: Plain, changes: readonly RowChange[]): Promise<Plain> {
  const changed = plainly(rows, changes);
  if (!changed) await refusedAs("DUPLICATE_ROW", () => batch.apply(changes));
  else await batch.apply(changes);
  return changed ?? rows;
}

async function randomBatch(random: Random, table: ReadTable, before: Plain, position: number): Promise<Plain> {
  const batch = await table.live().begin();
  let rows = before;
  let marked: Plain | null = null;
  for (const does of times(random, 25, () => pick(random, ["apply", "apply", "apply", "look", "mark", "undo"]))) {
    if (does === "apply")
      rows = await applied(
        batch,
        rows,
        times(random, 3, () => randomChange(random)),
      );
    if (does === "look") same(await seen(batch.rows), withoutNulls(rows));
    if (does === "mark") {
      await batch.mark();
      marked = rows;
    }
    if (does === "undo" && marked) {
      await batch.undo();
      rows = marked;
    }
  }
  const isKept = random() < 0.8;
  if (isKept) await batch.commit(at(position));
  else await batch.rollback();
  return isKept ? rows : before;
}

export const randomBatches: TableCases = {
  "leaves the result of its changes in order, with concurrent readers": async (fixture) => {
    const random = randomFrom(7);
    const table = await fixture.open(fields);
    let rows: Plain = new Map();
    for (let position = 1; position <= 40; position++) {
      rows = await randomBatch(random, table, rows, position);
      same(await committed(table), withoutNulls(rows));
    }
  },
};
