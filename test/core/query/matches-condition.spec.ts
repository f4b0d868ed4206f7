import { eventFields } from "../../../core/query/event-fields.ts";
import { fieldsOf, matchesCondition } from "../../../core/query/matches-condition.ts";
import { parseQuery } from "../../../core/query/query.ts";

const where = (query: object) => parseQuery(eventFields, { query }).where!;
const event = {
  id: "1",
  type: "account.moved",
  stream: "account-7",
  version: 3,
  position: 12,
  time: "2026-01-31T12:00:00.000Z",
  payload: { amount: 5, tags: ["a", "b"] },
  meta: { user: null },
};

describe("An event", () => {
  it.each<object>([
    { type: "account.moved" },
    { type: { $ne: "account.opened" }, position: { $gt: 11, $lte: 12 } },
    { stream: { $regex: "^account-" } },
    { time: { $lt: "2026-02-01" } },
    { "payload.amount": { $in: [1, 5] } },
    { "payload.tags": "b", "meta.user": null },
    { $or: [{ version: 1 }, { $not: { position: 13 } }] },
    { "meta.nobody": { $exists: false } },
  ])("meets %j", (query) => expect(matchesCondition(where(query), event)).toBe(true));

  it.each<object>([
    { type: "account.opened" },
    { type: "account.moved", position: { $lt: 12 } },
    { "payload.amount": "5" },
    { $and: [{ version: 3 }, { "payload.tags": "c" }] },
    { $or: [{ version: 1 }, { version: 2 }] },
    { $not: { version: 3 } },
  ])("does not meet %j", (query) => expect(matchesCondition(where(query), event)).toBe(false));
});

describe("The fields of a query", () => {
  it("are those of all its conditions", () => {
    const query = { $or: [{ type: "a" }, { $not: { $and: [{ "payload.x": 1 }, { position: { $gt: 1, $lt: 3 } }] } }] };
    expect([...fieldsOf(where(query))].toSorted()).toEqual(["payload", "position", "type"]);
  });
});
