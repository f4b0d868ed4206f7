// Random rows and queries over the fields of `queriedFields`.
import type { FieldsInput, Row } from "../../core/rows/fields.ts";
import type { QueryParams } from "../../core/query/query.ts";
import { pick, times, type Random } from "../kit/random.ts";

type Json = Record<string, unknown>;

export const queriedFields: FieldsInput = {
  name: { type: "string", index: true },
  count: { type: "integer", index: true },
  price: "number",
  isOpen: "boolean",
  at: "date",
  address: "object",
  tags: "array",
};

// Few values, so that queries match. No lone surrogates, and above U+FFFF only private-use characters, where UTF-8 and
// UTF-16 sort differently.
const texts = [
  "",
  "a",
  "A",
  "ab",
  "b",
  "Ünï",
  "it's",
  'q"q',
  "a.b",
  "$x",
  "%",
  "_",
  "a\\b",
  "日本",
  "😀",
  "10",
  "x".repeat(300),
];
const integers = [-7, 0, 1, 2, 10, 2 ** 31, Number.MAX_SAFE_INTEGER];
const numbers = [-1.5, 0, 0.1, 2, 10, 19.99, 1e6];
const dates = [
  "1969-12-31T23:59:59.999Z",
  "2000-01-01T00:00:00.000Z",
  "2024-02-29T12:00:00.000Z",
  "2024-03-01T00:00:00.000Z",
];
const booleans = [true, false];
const scalars = [...texts.slice(0, 6), 0, 1, 2, 10, true, false];

/** A row in which any field may be null or absent. */
export function randomRow(random: Random, index: number): Row {
  const row: Row = { id: `${pick(random, ["r", "R", "é", "%"])}${index}` };
  const perhaps = (name: string, make: () => unknown) => {
    const chance = random();
    if (chance > 0.3) row[name] = make();
    else if (chance > 0.15) row[name] = null;
  };
  perhaps("name", () => pick(random, texts));
  perhaps("count", () => pick(random, integers));
  perhaps("price", () => pick(random, numbers));
  perhaps("isOpen", () => pick(random, booleans));
  perhaps("at", () => pick(random, dates));
  perhaps("address", () => randomAddress(random));
  perhaps("tags", () =>
    times(random, 3, () => (random() < 0.8 ? pick(random, scalars) : { n: pick(random, integers) })),
  );
  return row;
}

function randomAddress(random: Random): Json {
  const address: Json = {};
  if (random() < 0.8) address["n"] = random() < 0.2 ? null : pick(random, numbers);
  if (random() < 0.8) address["city"] = pick(random, texts);
  if (random() < 0.5)
    address["any"] = random() < 0.3 ? times(random, 2, () => pick(random, scalars)) : pick(random, scalars);
  if (random() < 0.5) address["in"] = { $x: pick(random, scalars), "it's": { n: pick(random, integers) } };
  if (random() < 0.5)
    address["list"] = times(random, 3, () => (random() < 0.8 ? { n: pick(random, integers) } : { m: null }));
  return address;
}

/** The values to compare a field with: mostly those of rows. */
const places: readonly [name: string, values: readonly unknown[], isText: boolean, isOrdered: boolean][] = [
  ["id", ["r1", "R2", "é3", "%4", "r20", "none"], true, true],
  ["name", texts, true, true],
  ["count", [...integers, 1.5], false, true],
  ["price", [...numbers, 3], false, true],
  ["isOpen", booleans, false, false],
  ["at", dates, false, true],
  ["address", [{}, { n: 0.1 }, { city: "a" }, { n: null, city: "a" }], false, false],
  ["address.n", [...numbers, "10"], false, true],
  ["address.city", texts, true, true],
  ["address.any", [...scalars, ["a"], []], true, true],
  ["address.any.0", scalars, true, true],
  ["address.in.$x", scalars, true, true],
  ["address.in.it's.n", integers, false, true],
  ["address.list.n", integers, false, true],
  ["address.list.1.n", integers, false, true],
  ["address.list.m", [1], false, false],
  ["address.n.deeper", [1], false, false],
  ["tags", [...scalars, [], ["a"], { n: 1 }], true, true],
  ["tags.0", scalars, true, true],
  ["tags.n", integers, false, true],
];

const patterns = ["^a", "b$", ".", "[0-9]", "^$", "ü", "\\.", "日|😀", "'"];

function randomLeaf(random: Random): Json {
  const [name, values, isText, isOrdered] = pick(random, places);
  const value = () => (random() < 0.1 ? null : pick(random, values));
  const bound = () =>
    pick(
      random,
      values.filter((one) => typeof one === "string" || typeof one === "number"),
    );
  const one = (): Json => {
    const operator = pick(random, [
      "$eq",
      "$ne",
      "$in",
      "$nin",
      "$exists",
      "$gt",
      "$gte",
      "$lt",
      "$lte",
      "$regex",
      "$not",
    ]);
    if (operator === "$in" || operator === "$nin") return { [operator]: times(random, 4, value) };
    if (operator === "$exists") return { $exists: random() < 0.5 };
    if (operator === "$regex" && isText)
      return { $regex: pick(random, patterns), ...(random() < 0.5 && { $options: "i" }) };
    if (operator === "$not") return { $not: one() };
    if (/^\$[gl]te?$/.test(operator) && isOrdered) return { [operator]: bound() };
    return { [pick(random, ["$eq", "$ne"])]: value() };
  };
  if (random() < 0.3) return { [name]: value() };
  return { [name]: random() < 0.2 ? { ...one(), ...one() } : one() };
}

function randomCondition(random: Random, depth: number): Json {
  const parts = () => [
    randomCondition(random, depth - 1),
    ...times(random, 2, () => randomCondition(random, depth - 1)),
  ];
  const chance = depth === 0 ? 1 : random();
  if (chance < 0.15) return { $and: parts() };
  if (chance < 0.35) return { $or: parts() };
  if (chance < 0.5) return { $not: randomCondition(random, depth - 1) };
  if (chance < 0.65) return { ...randomLeaf(random), ...randomLeaf(random) };
  return randomLeaf(random);
}

const sortable = [
  "id",
  "name",
  "count",
  "price",
  "isOpen",
  "at",
  "address.n",
  "address.city",
  "address.in.it's.n",
  "address.none",
];
const searchable = ["id", "name", "count", "at"];

export function randomQuery(random: Random): QueryParams {
  return {
    ...(random() < 0.95 && { query: randomCondition(random, 3) }),
    ...(random() < 0.7 && { sort: times(random, 3, () => (random() < 0.5 ? "-" : "") + pick(random, sortable)) }),
    ...(random() < 0.3 && { limit: 1 + Math.floor(random() * 10) }),
    ...(random() < 0.3 && { offset: Math.floor(random() * 20) }),
    ...(random() < 0.2 && {
      search: pick(random, ["a", "R1", "2024", "%", "_", "É", "10"]),
      searchFields: [pick(random, searchable), ...times(random, 2, () => pick(random, searchable))],
    }),
  };
}
