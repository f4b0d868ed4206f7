import assert from "node:assert/strict";
import { refusedAs } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import type { TableCases } from "./table-fixture.ts";
import { asked, filled, found } from "./queried-rows.ts";

const given = [
  {
    id: "ann",
    name: "Ann",
    count: 1,
    price: 0.5,
    isOpen: true,
    at: "2024-01-01",
    tags: ["a", "b"],
    address: { city: "Oslo", zip: { code: 7 } },
  },
  {
    id: "bob",
    name: "bob",
    count: 2,
    price: 19.99,
    isOpen: false,
    at: "2024-06-01",
    tags: ["b", 3],
    address: { city: "Bern", list: [{ n: 1 }, { n: 5 }] },
  },
  {
    id: "cy",
    name: "Cy",
    count: 2,
    price: -3,
    at: "2025-01-01",
    tags: [],
    address: { city: null, list: [{ n: 9 }] },
  },
  { id: "nil" },
];
const everyone = ["ann", "bob", "cy", "nil"];
const but = (...some: string[]) => everyone.filter((id) => !some.includes(id));

const table: [where: string, query: object, ids: string[]][] = [
  ["a value equals", { name: "Ann" }, ["ann"]],
  ["a value equals, letter case and all", { name: "ann" }, []],
  ["$eq", { count: { $eq: 2 } }, ["bob", "cy"]],
  ["a number equals its text", { count: "2" }, ["bob", "cy"]],
  ["a boolean equals", { isOpen: false }, ["bob"]],
  ["a date equals in another zone", { at: "2024-01-01T02:00:00+02:00" }, ["ann"]],
  ["null is the same as absent", { name: null }, ["nil"]],
  ["$eq null", { isOpen: { $eq: null } }, ["cy", "nil"]],
  ["$ne also finds rows without a value", { count: { $ne: 2 } }, but("bob", "cy")],
  ["$ne null", { isOpen: { $ne: null } }, ["ann", "bob"]],
  ["$gt", { count: { $gt: 1 } }, ["bob", "cy"]],
  ["$gte", { price: { $gte: 0.5 } }, ["ann", "bob"]],
  ["$lt never finds rows without a value", { count: { $lt: 100 } }, but("nil")],
  ["$lte", { price: { $lte: -3 } }, ["cy"]],
  ["$gt and $lt together", { price: { $gt: -3, $lt: 19.99 } }, ["ann"]],
  ["$gt on text", { name: { $gt: "B" } }, ["bob", "cy"]],
  ["$gte on dates", { at: { $gte: new Date("2024-06-01") } }, ["bob", "cy"]],
  ["$lt on dates", { at: { $lt: "2024-06-01" } }, ["ann"]],
  ["$in", { name: { $in: ["Ann", "Cy", "Dot"] } }, ["ann", "cy"]],
  ["$in with null", { name: { $in: ["Ann", null] } }, ["ann", "nil"]],
  ["$in of fractions", { price: { $in: [0.5, 19.99] } }, ["ann", "bob"]],
  ["$in of dates", { at: { $in: [new Date("2025-01-01")] } }, ["cy"]],
  ["$in of booleans", { isOpen: { $in: [true, false] } }, ["ann", "bob"]],
  ["$in of nothing", { name: { $in: [] } }, []],
  ["$nin", { name: { $nin: ["Ann"] } }, but("ann")],
  ["$nin with null", { name: { $nin: ["Ann", null] } }, ["bob", "cy"]],
  ["$nin of nothing", { name: { $nin: [] } }, everyone],
  ["$exists", { isOpen: { $exists: true } }, ["ann", "bob"]],
  ["$exists false", { isOpen: { $exists: false } }, ["cy", "nil"]],
  ["$exists of an object", { address: { $exists: true } }, but("nil")],
  ["$exists of a path", { "address.city": { $exists: true } }, ["ann", "bob"]],
  ["$exists false of a path", { "address.zip.code": { $exists: false } }, but("ann")],
  ["$regex", { name: { $regex: "^.{2,3}$" } }, but("nil")],
  ["$regex with a letter's case", { name: { $regex: "^b" } }, ["bob"]],
  ["$regex with $options", { name: { $regex: "^[ab]", $options: "i" } }, ["ann", "bob"]],
  ["a RegExp", { name: /N{2}/i }, ["ann"]],
  ["$regex on a path", { "address.city": { $regex: "s" } }, ["ann"]],
  ["$regex on an array", { tags: { $regex: "^a" } }, ["ann"]],
  ["$not of operators also finds rows without a value", { count: { $not: { $gt: 1 } } }, ["ann", "nil"]],
  ["$not of $exists", { isOpen: { $not: { $exists: true } } }, ["cy", "nil"]],
  ["$not of $ne", { count: { $not: { $ne: 2 } } }, ["bob", "cy"]],
  ["$not of conditions", { $not: { count: 2, name: "bob" } }, but("bob")],
  ["$not of $not", { $not: { $not: { count: { $gt: 1 } } } }, ["bob", "cy"]],
  ["$not of everything", { $not: {} }, []],
  ["$and", { $and: [{ count: 2 }, { isOpen: false }] }, ["bob"]],
  ["$or", { $or: [{ name: "Ann" }, { count: 2 }] }, but("nil")],
  ["$or beside a field", { count: 2, $or: [{ name: "Ann" }, { name: "Cy" }] }, ["cy"]],
  ["$or with a condition that everything meets", { $or: [{ name: "Ann" }, {}] }, everyone],
  ["an array contains", { tags: "b" }, ["ann", "bob"]],
  ["an array contains a number, not its text", { tags: "3" }, []],
  ["an array equals", { tags: ["a", "b"] }, ["ann"]],
  ["an array equals in its order", { tags: ["b", "a"] }, []],
  ["an array is empty", { tags: [] }, ["cy"]],
  ["an array's element by index", { "tags.1": 3 }, ["bob"]],
  ["an array contains one of", { tags: { $in: ["a", 3] } }, ["ann", "bob"]],
  ["an array contains none of", { tags: { $nin: ["a", 3] } }, ["cy", "nil"]],
  ["an array contains more than", { tags: { $gt: 2 } }, ["bob"]],
  ["an array is absent", { tags: null }, ["nil"]],
  ["an object equals, whatever the order of its keys", { address: { zip: { code: 7 }, city: "Oslo" } }, ["ann"]],
  ["an object equals whole", { address: { city: "Oslo" } }, []],
  ["a path equals", { "address.zip.code": 7 }, ["ann"]],
  ["a path equals with its type", { "address.zip.code": "7" }, []],
  ["a path is null or absent", { "address.city": null }, ["cy", "nil"]],
  ["a path leads through an array", { "address.list.n": 5 }, ["bob"]],
  ["a path leads to an array's element", { "address.list.0.n": 9 }, ["cy"]],
  ["a path's bound is met by some element", { "address.list.n": { $gt: 4 } }, ["bob", "cy"]],
  ["bounds may be met by different elements", { "address.list.n": { $gt: 4, $lt: 2 } }, ["bob"]],
  ["a path is not equal", { "address.city": { $ne: "Oslo" } }, but("ann")],
];

const long = {
  id: "long",
  name: "ab".repeat(20_000),
  tags: ["ab".repeat(20_000)],
  address: { list: Array.from({ length: 4000 }, (_, n) => ({ n })) },
};
const unequal = (count: number) => ({
  $and: Array.from({ length: count }, (_, index) => ({ "address.list.n": { $ne: -index - 1 } })),
});

/** Queries that read a small part of a row, each with one that exceeds the limit. */
const efforts: [query: object, tooMuch: object][] = [
  [{ name: /a[ab]{31}[^ab]?$/ }, { name: /a[ab]{91}[^ab]?$/ }],
  [{ tags: /a[ab]{31}[^ab]?$/ }, { tags: /a[ab]{91}[^ab]?$/ }],
  [unequal(100), unequal(900)],
];

const answers: TableCases = Object.fromEntries(
  table.map(([where, query, ids]) => [
    `answers where ${where}`,
    async (fixture) => {
      const rows = await filled(fixture, given);
      same(await found(rows, { query }), ids);
      assert.equal(await rows.count(asked({ query })), ids.length);
      same(await found(rows, { query: { $not: query } }), but(...ids));
    },
  ]),
);

/** Every operator of the query language. */
export const operators = {
  ...answers,
  "reads a part of a row, and refuses to read more": async (fixture) => {
    const rows = await filled(fixture, [long]);
    for (const [query, tooMuch] of efforts) {
      same(await found(rows, { query }), ["long"]);
      await refusedAs("INVALID_QUERY", () => found(rows, { query: tooMuch }));
      await refusedAs("INVALID_QUERY", () => rows.count(asked({ query: tooMuch })));
    }
  },
} satisfies TableCases;
