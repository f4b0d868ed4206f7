import assert from "node:assert/strict";
import type { EventLog } from "../../core/log/event-log.ts";
import type { QueryParams } from "../../core/query/query.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, ask, ids, positionsOf } from "./requests.ts";

async function fill(log: EventLog): Promise<EventLog> {
  await log.append([
    appendTo("a-1", [
      {
        id: ids[0],
        type: "a.created",
        payload: { city: "Oslo", price: { amount: 5 }, tags: ["x", "y"] },
        meta: { user: "ann" },
      },
      { id: ids[1], type: "a.changed", payload: { city: "Bern", lines: [{ n: 1 }, { n: 7 }] }, meta: { user: "bob" } },
    ]),
  ]);
  // Waits so that the next commit has a later time.
  const { time } = (await log.findByIds([ids[0]]))[0]!;
  while (Date.now() <= Date.parse(time)) await new Promise((turn) => setTimeout(turn, 1));
  await log.append([
    appendTo("b-1", [{ id: ids[2], type: "b.created", payload: null }]),
    appendTo("b-2", [{ payload: "Oslo" }]),
  ]);
  return log;
}

const table: [what: string, query: object, positions: number[]][] = [
  ["everything", {}, [1, 2, 3, 4]],
  ["an id", { id: ids[1] }, [2]],
  ["a type", { type: "a.created" }, [1]],
  ["$eq", { type: { $eq: "a.changed" } }, [2]],
  ["$ne", { type: { $ne: "a.changed" } }, [1, 3, 4]],
  ["$in", { stream: { $in: ["b-1", "b-2", "c"] } }, [3, 4]],
  ["$nin", { stream: { $nin: ["b-1", "b-2", "c"] } }, [1, 2]],
  ["$regex", { type: { $regex: "created$" } }, [1, 3]],
  ["$regex with $options", { type: { $regex: "^A", $options: "i" } }, [1, 2]],
  ["$gt beside a field", { stream: "a-1", version: { $gt: 1 } }, [2]],
  ["$gte and $lt", { position: { $gte: 2, $lt: 4 } }, [2, 3]],
  ["$lte", { position: { $lte: 2 } }, [1, 2]],
  ["$gt on text", { stream: { $gt: "a-1" } }, [3, 4]],
  ["$not of operators", { position: { $not: { $gt: 1 } } }, [1]],
  ["$not of conditions", { $not: { type: { $regex: "created" } } }, [2, 4]],
  ["$and", { $and: [{ stream: "a-1" }, { version: 2 }] }, [2]],
  ["$or", { $or: [{ type: "b.created" }, { "payload.city": "Bern" }] }, [2, 3]],
  ["$nin with null on a path", { "payload.city": { $nin: ["Bern", null] } }, [1]],
  ["$in with null on a path", { "payload.city": { $in: ["Bern", null] } }, [2, 3, 4]],
  ["$ne on a path", { "payload.city": { $ne: "Oslo" } }, [2, 3, 4]],
  ["a path into the payload", { "payload.city": "Oslo" }, [1]],
  ["a deep path", { "payload.price.amount": { $gt: 4 } }, [1]],
  ["an array in the payload", { "payload.tags": "y" }, [1]],
  ["a path through an array", { "payload.lines.n": 7 }, [2]],
  ["an element of an array", { "payload.lines.0.n": 1 }, [2]],
  ["a path that is absent", { "payload.city": null }, [3, 4]],
  ["a path that is there", { "payload.city": { $exists: true } }, [1, 2]],
  ["a path that is not there", { "payload.city": { $exists: false } }, [3, 4]],
  ["a whole payload", { payload: "Oslo" }, [4]],
  ["an object as a whole", { "payload.price": { amount: 5 } }, [1]],
  ["a payload that is null", { payload: null }, [3]],
  ["a payload that is there", { payload: { $exists: true } }, [1, 2, 4]],
  ["a payload that is not there", { payload: { $exists: false } }, [3]],
  ["meta", { "meta.user": { $in: ["ann", "carl"] } }, [1]],
  ["the request", { "meta.correlationId": "request-1" }, [1, 2, 3, 4]],
];

const eachOfThem = Object.fromEntries(
  table.map(([what, query, positions]) => [
    `finds by ${what}, in the order of positions`,
    async (fixture) => {
      const log = await fill(await fixture.open());
      same(positionsOf({ events: await log.find(ask({ query })) }), positions);
      assert.equal(await log.count(ask({ query })), positions.length);
    },
  ]),
) satisfies LogCases;

/** Queries of events. */
export const queries: LogCases = {
  ...eachOfThem,

  "finds by time": async (fixture) => {
    const log = await fill(await fixture.open());
    const [, early, late] = (await everything(log)).map(({ time }) => time) as [string, string, string];
    const found = async (query: object) => positionsOf({ events: await log.find(ask({ query })) });
    assert.ok(early < late);
    same(await found({ time: late }), [3, 4]);
    same(await found({ time: new Date(early) }), [1, 2]);
    same(await found({ time: { $gt: early } }), [3, 4]);
    same(await found({ time: { $lt: late } }), [1, 2]);
    same(await found({ time: { $gte: early, $lte: late } }), [1, 2, 3, 4]);
  },

  "sorts, pages and searches": async (fixture) => {
    const log = await fill(await fixture.open());
    const found = async (params: QueryParams) => positionsOf({ events: await log.find(ask(params)) });
    same(await found({ sort: "-position" }), [4, 3, 2, 1]);
    same(await found({ sort: "-time" }), [3, 4, 1, 2]);
    same(await found({ sort: "payload.city", query: { stream: "a-1" } }), [2, 1]);
    same(await found({ sort: "-stream -version" }), [4, 3, 2, 1]);
    same(await found({ limit: 2, offset: 1 }), [2, 3]);
    same(await found({ limit: 2, offset: 3 }), [4]);
    same(await found({ search: "OSLO" }), [1, 4]);
    same(await found({ search: "created", searchFields: ["type"], sort: "-position" }), [3, 1]);
    assert.equal(await log.count(ask({ search: "oslo" })), 2);
    assert.equal(await log.count(ask()), 4);
  },

  "returns events as they were recorded": async (fixture) => {
    const log = await fill(await fixture.open());
    same(await log.find(ask()), await everything(log));
  },

  "finds by ids, in their order, without those that are not there": async (fixture) => {
    const log = await fill(await fixture.open());
    const found = await log.findByIds([ids[2], "0190a0b0-0000-7000-8000-00000000ffff", ids[0], "no id"]);
    same(positionsOf({ events: found }), [3, 1]);
    same(found[1], (await everything(log))[0]);
    same(await log.findByIds([]), []);
  },
};
