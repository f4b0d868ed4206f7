// The query language as plain loops, written independently of the real one. Engines are compared with it.
import type { Row } from "../../core/rows/fields.ts";
import type { QueryParams } from "../../core/query/query.ts";

type Json = Record<string, unknown>;

/** The ids that the query returns, in order, and their number without the page's limits. */
export function idsOf(rows: readonly Row[], params: QueryParams): { page: string[]; total: number } {
  const {
    query,
    sort = [],
    limit,
    offset = 0,
    search,
    searchFields,
  } = params as {
    query?: Json;
    sort?: string[];
    limit?: number;
    offset?: number;
    search?: string;
    searchFields?: string[];
  };
  const found = rows.filter(
    (row) =>
      (query === undefined || holds(row, query)) &&
      (search === undefined || searchFields!.some((name) => row[name] !== null && contains(row[name], search))),
  );
  found.sort((a, b) => {
    for (const key of sort) {
      const name = key.replace("-", "");
      const order = inOrder(stepInto(a, name), stepInto(b, name));
      if (order !== 0) return key.startsWith("-") ? -order : order;
    }
    return inOrder(a.id, b.id);
  });
  const ids = found.map(({ id }) => id);
  return { page: ids.slice(offset, limit === undefined ? undefined : offset + limit), total: ids.length };
}

const contains = (value: unknown, text: string) => String(value).toLowerCase().includes(text.toLowerCase());

/** The value at a path of objects only, for sorting. */
const stepInto = (row: Row, path: string): unknown =>
  path.split(".").reduce<unknown>((value, step) => (value as Json | null | undefined)?.[step] ?? null, row);

/** The order: no value, false, true, numbers, text by its bytes. */
function inOrder(a: unknown, b: unknown): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function holds(row: Row, query: Json): boolean {
  return Object.entries(query).every(([name, asked]) => {
    if (name === "$and") return (asked as Json[]).every((part) => holds(row, part));
    if (name === "$or") return (asked as Json[]).some((part) => holds(row, part));
    if (name === "$not") return !holds(row, asked as Json);
    return meets([...walk(row, name.split("."))], asked);
  });
}

/** Every value at a path: into objects by name, into arrays by index and through each element that is an object. */
function* walk(value: unknown, [step, ...rest]: string[]): Generator {
  if (step === undefined) yield value;
  else if (Array.isArray(value)) {
    if (/^\d+$/.test(step) && Number(step) < value.length) yield* walk(value[Number(step)], rest);
    for (const element of value as unknown[]) if (isObject(element)) yield* walk(element, [step, ...rest]);
  } else if (isObject(value) && Object.keys(value).includes(step)) yield* walk(value[step], rest);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function meets(values: unknown[], asked: unknown): boolean {
  if (!isObject(asked) || !Object.keys(asked).some((key) => key.startsWith("$"))) return isEqual(values, asked);
  const { $options, ...operators } = asked;
  const alone = values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]));
  return Object.entries(operators).every(([operator, value]) => {
    switch (operator) {
      case "$eq":
        return isEqual(values, value);
      case "$ne":
        return !isEqual(values, value);
      case "$in":
        return (value as unknown[]).some((one) => isEqual(values, one));
      case "$nin":
        return !(value as unknown[]).some((one) => isEqual(values, one));
      case "$exists":
        return values.some((one) => one !== null) === value;
      case "$regex":
        return alone.some(
          (one) => typeof one === "string" && one.search(new RegExp(value as string, $options as string)) >= 0,
        );
      case "$not":
        return !meets(values, value);
      case "$gt":
        return alone.some((one) => typeof one === typeof value && inOrder(one, value) > 0);
      case "$gte":
        return alone.some((one) => typeof one === typeof value && inOrder(one, value) >= 0);
      case "$lt":
        return alone.some((one) => typeof one === typeof value && inOrder(one, value) < 0);
      case "$lte":
        return alone.some((one) => typeof one === typeof value && inOrder(one, value) <= 0);
      default:
        throw new Error(`the reference knows no ${operator}`);
    }
  });
}

function isEqual(values: unknown[], asked: unknown): boolean {
  if (asked === null) return values.every((one) => one === null);
  const text = canonical(asked);
  return values.some(
    (one) => canonical(one) === text || (Array.isArray(one) && one.some((inner) => canonical(inner) === text)),
  );
}

/** JSON with sorted keys: equal for equal values. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
