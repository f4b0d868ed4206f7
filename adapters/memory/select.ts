import type { Condition, Query, Sort } from "../../core/query.ts";
import { sortValueAt } from "../../core/sort-value.ts";
import { compareCells, filter, toCell, type Cell, type Stored } from "./where.ts";

/** What can be looked through, and looked up by the fields that have an index. */
export interface Source<Item extends Stored> {
  all(): Iterable<Item>;
  /** Those with this value; undefined where the field has no index. */
  having(field: string, value: Cell): Iterable<Item> | undefined;
}

/** What a query answers, in its order and cut to its page. Items that are equal in the order asked for come by `tieBreaker`. */
export function select<Item extends Stored>(source: Source<Item>, query: Query, tieBreaker: string): Item[] {
  const { sort, limit, offset } = query;
  const found = matching(source, query).map((item) => ({
    item,
    keys: [...sort.map((key) => sortKey(item, key)), item[tieBreaker]!],
  }));
  found.sort((a, b) => {
    for (let index = 0; index < a.keys.length; index++) {
      const order = compareCells(a.keys[index]!, b.keys[index]!);
      if (order !== 0) return sort[index]?.descending ? -order : order;
    }
    return 0;
  });
  return found.slice(offset, limit === null ? undefined : offset + limit).map(({ item }) => item);
}

/** Those that meet the conditions, in no order. */
export function matching<Item extends Stored>(source: Source<Item>, query: Query): Item[] {
  const meets = filter(query);
  const items: Item[] = [];
  for (const item of candidates(source, query.where)) if (meets(item)) items.push(item);
  return items;
}

function sortKey(item: Stored, { field, path }: Sort): Cell {
  const cell = item[field]!;
  return path.length === 0 || cell === null ? cell : sortValueAt(path, JSON.parse(cell as string));
}

/** Only what an indexed field's equality lets through, where the query has one. */
function candidates<Item extends Stored>(source: Source<Item>, where: Condition | null): Iterable<Item> {
  for (const { field, values } of equalities(where)) {
    const found = values.map((value) => source.having(field, value));
    if (found[0]) return found.flatMap((items) => [...items!]);
  }
  return source.all();
}

/** The values one of which a field must have; each named once. */
function* equalities(condition: Condition | null): Generator<{ field: string; values: Cell[] }> {
  if (!condition) return;
  if ("and" in condition) for (const part of condition.and) yield* equalities(part);
  if (!("operator" in condition) || condition.path.length > 0) return;
  const { field, operator, value } = condition;
  if (operator === "$eq") yield { field, values: [toCell(value)] };
  if (operator === "$in") yield { field, values: [...new Set((value as unknown[]).map(toCell))] };
}
