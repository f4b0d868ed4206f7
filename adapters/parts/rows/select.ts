import { Pace } from "../../../core/concurrency/pace.ts";
import type { Comparison, Condition, Query, Sort } from "../../../core/query/query.ts";
import { sortInTurns } from "../../../core/query/sort-in-turns.ts";
import { sortValueAt } from "../../../core/query/sort-value.ts";
import { compareColumnValues, filter, toColumnValue, type ColumnValue, type Stored } from "./where.ts";

/** Items that a query can scan, and look up by indexed fields. Items are immutable: a change replaces the item. */
export interface Source<Item extends Stored> {
  all(): Iterable<Item>;
  /** The items with this value; undefined if the field has no index. */
  having(field: string, value: ColumnValue): Iterable<Item> | undefined;
  /**
   * A range of items by the field that they are sorted by. It contains every item that matches the comparisons, and may
   * contain others. Omitted if the items are unsorted.
   */
  within?(comparisons: readonly Comparison[]): readonly Item[] | undefined;
}

/** The most items times conditions for a synchronous query. */
const maxAtOnce = 500;
/** The most characters of text, including JSON, for a synchronous query: reading them takes a few milliseconds. */
const maxTextAtOnce = 256 * 1024;

/** The result of a query, sorted and cut to its page. Items that sort equally are ordered by the field `tieBreaker`. */
export function select<Item extends Stored>(source: Source<Item>, query: Query, tieBreaker: string): Item[] {
  const keyed = matching(source, query).map((item) => keyedBy(item, query.sort, tieBreaker));
  return pageOf(keyed.toSorted(inOrderOf(query.sort)), query);
}

/** The items that match the conditions, in no order. */
export function matching<Item extends Stored>(source: Source<Item>, query: Query): Item[] {
  const matches = filter(query);
  const items: Item[] = [];
  for (const item of candidates(source, query.where)) if (matches(item)) items.push(item);
  return items;
}

/** `select` that yields to the event loop. Changes to the source after the call do not count. */
export async function selectInTurns<Item extends Stored>(
  source: Source<Item>,
  query: Query,
  tieBreaker: string,
  pace = new Pace(),
): Promise<Item[]> {
  const keyed: Keyed<Item>[] = [];
  for (const item of await matchingInTurns(source, query, pace)) {
    const keys: ColumnValue[] = [];
    for (const key of query.sort) {
      keys.push(sortKey(item, key));
      if (pace.isDue()) await pace.turn();
    }
    keyed.push({ item, keys: [...keys, item[tieBreaker]!] });
  }
  return pageOf(await sortInTurns(keyed, inOrderOf(query.sort), pace), query);
}

/** `matching` that yields to the event loop. Changes to the source after the call do not count. */
export async function matchingInTurns<Item extends Stored>(
  source: Source<Item>,
  query: Query,
  pace = new Pace(),
): Promise<Item[]> {
  // Copied before the first turn. Later changes replace items in the source, and leave these as they are.
  const all = Array.from(candidates(source, query.where));
  const matches = filter(query);
  const items: Item[] = [];
  for (const item of all) {
    if (matches(item)) items.push(item);
    if (pace.isDue()) await pace.turn();
  }
  return items;
}

/** Whether a query reads so little that it can run without yielding. */
export function isSmall<Item extends Stored>(source: Source<Item>, { where, sort, search }: Query): boolean {
  const perItem = 1 + conditionsIn(where) + sort.length + (search?.fields.length ?? 0);
  return isLittle(candidates(source, where), perItem);
}

/** Whether `perItem` evaluations of each item stay below the limits for a synchronous query. */
export function isLittle(items: Iterable<Stored>, perItem: number): boolean {
  let [looks, text] = [maxAtOnce, maxTextAtOnce];
  for (const item of items) {
    looks -= perItem;
    for (const field in item) if (typeof item[field] === "string") text -= item[field].length * perItem;
    if (looks < 0 || text < 0) return false;
  }
  return true;
}

function conditionsIn(condition: Condition | null): number {
  if (!condition) return 0;
  if ("not" in condition) return conditionsIn(condition.not);
  if ("operator" in condition) return 1;
  const parts = "and" in condition ? condition.and : condition.or;
  return parts.reduce((sum, part) => sum + conditionsIn(part), 0);
}

interface Keyed<Item> {
  item: Item;
  keys: ColumnValue[];
}

const keyedBy = <Item extends Stored>(item: Item, sort: readonly Sort[], tieBreaker: string): Keyed<Item> => ({
  item,
  keys: [...sort.map((key) => sortKey(item, key)), item[tieBreaker]!],
});

function inOrderOf(sort: readonly Sort[]): (a: Keyed<unknown>, b: Keyed<unknown>) => number {
  return (a, b) => {
    for (let index = 0; index < a.keys.length; index++) {
      const order = compareColumnValues(a.keys[index]!, b.keys[index]!);
      if (order !== 0) return sort[index]?.descending ? -order : order;
    }
    return 0;
  };
}

const pageOf = <Item>(sorted: readonly Keyed<Item>[], { limit, offset }: Query): Item[] =>
  sorted.slice(offset, limit === null ? undefined : offset + limit).map(({ item }) => item);

function sortKey(item: Stored, { field, path }: Sort): ColumnValue {
  const columnValue = item[field]!;
  return path.length === 0 || columnValue === null ? columnValue : sortValueAt(path, JSON.parse(columnValue as string));
}

/**
 * The items from an index, if the query requires equality of an indexed field or a range of the sorted one; otherwise
 * all.
 */
function candidates<Item extends Stored>(source: Source<Item>, where: Condition | null): Iterable<Item> {
  const required = [...comparisonsOf(where)];
  for (const { field, values } of equalities(required)) {
    const found = values.map((value) => source.having(field, value));
    if (found[0]) return found.flatMap((items) => [...items!]);
  }
  return source.within?.(required) ?? source.all();
}

/** The comparisons of whole fields that every match satisfies. */
function* comparisonsOf(condition: Condition | null): Generator<Comparison> {
  if (!condition) return;
  if ("and" in condition) for (const part of condition.and) yield* comparisonsOf(part);
  else if ("operator" in condition && condition.path.length === 0) yield condition;
}

/** Per comparison the values of which a match has one, without duplicates: `having` would repeat items. */
function* equalities(comparisons: readonly Comparison[]): Generator<{ field: string; values: ColumnValue[] }> {
  for (const { field, operator, value } of comparisons) {
    if (operator === "$eq") yield { field, values: [toColumnValue(value)] };
    if (operator === "$in") yield { field, values: [...new Set((value as unknown[]).map(toColumnValue))] };
  }
}
