import * as fc from "fast-check";

/** A call near the documented limits. */
export interface HeavyCall {
  action: string;
  params: Record<string, unknown>;
}

/** Shortens a counterexample for printing: its lists have thousands of values. */
const printed = (call: HeavyCall): HeavyCall =>
  Object.defineProperty({ ...call }, fc.toStringMethod, {
    value: () => `${call.action} ${JSON.stringify(call.params).slice(0, 500)}`,
  });

const numbers = (length: number) => Array.from({ length }, (_, index) => index);

const pattern = fc.oneof(
  fc.constantFrom("^(a+)+$", "(a|a)*b", "a.*b.*c.*d", "(x+x+)+y", "^owner-1", "e{100}", `${"(a?){20}".repeat(20)}$`),
  fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "+", "?", "(", ")", "|", "^", "$", "\\d"), maxLength: 40 }),
);

const path = fc.oneof(
  fc.constantFrom("more.owner", "more.list.0.deep", "tags.0", `more${".list.0".repeat(40)}`),
  fc
    .array(fc.constantFrom("list", "0", "deep", "owner"), { minLength: 1, maxLength: 90 })
    .map((steps) => `more.${steps.join(".")}`),
);

const leaf = fc.oneof(
  fc.tuple(fc.constantFrom("owner", "more", "tags"), pattern).map(([field, $regex]) => ({ [field]: { $regex } })),
  path.map((at) => ({ [at]: { $exists: true } })),
  path.map((at) => ({ [at]: { $in: numbers(5000) } })),
  fc.constantFrom(
    { balance: { $in: numbers(10_000) } },
    { balance: { $nin: numbers(10_000) } },
    { tags: { $in: numbers(5000).map((index) => ({ index })) } },
    { more: { $eq: { owner: "x".repeat(100_000) } } },
    { opened: { $gte: "2020-01-01" } },
    { owner: { $ne: "owner-1" } },
  ),
);

const condition = fc.oneof(
  leaf,
  fc.array(leaf, { minLength: 1, maxLength: 8 }).map(($or) => ({ $or })),
  fc.array(leaf, { minLength: 1, maxLength: 8 }).map(($and) => ({ $and })),
  fc
    .tuple(path, fc.integer({ min: 1, max: 900 }))
    .map(([at, count]) => ({ $or: numbers(count).map((value) => ({ [at]: { $gt: value } })) })),
  leaf.map(($not) => ({ $not })),
);

const order = fc.oneof(
  fc.constantFrom("owner", "-balance", "more.owner", "-tags.0"),
  fc.array(fc.constantFrom("owner", "-balance", "more.owner", "more.list.0.deep"), { maxLength: 20 }),
);

const read = fc.record(
  {
    query: condition,
    sort: order,
    search: fc.constantFrom("owner-99", "zzz", "x".repeat(900)),
    limit: fc.integer({ min: 1, max: 10_000 }),
  },
  { requiredKeys: [] },
);

const ofTable = fc.tuple(fc.constantFrom("find", "list", "count"), read).map(([action, { limit, ...params }]) => ({
  action: `accounts.${action}`,
  params: action === "list" ? { ...params, pageSize: 100 } : action === "find" && limit ? { ...params, limit } : params,
}));

/** Rows and events of different cost: `dearEvents` have long texts and lists. */
const dear = fc.oneof(
  fc
    .constantFrom("[^c]*a[^c]{30}\\d", "(?:a|b)*a(?:a|b){18}\\d", "(x+x+)+\\d", "(?:.*a){30}\\d", "a.*b")
    .map(($regex) => ({ "payload.text": { $regex } })),
  fc.integer({ min: 1, max: 40 }).map((count) => ({
    $and: numbers(count).map((index) => ({ "payload.list.x": { $ne: -index } })),
  })),
  fc.integer({ min: 1, max: 4 }).map((count) => ({
    $and: numbers(count).map((index) => ({ "payload.list": { $nin: [{ x: -1, y: index }] } })),
  })),
  fc.integer({ min: 1, max: 4 }).map((count) => ({
    $and: numbers(count).map((index) => ({ payload: { $ne: { list: [index] } } })),
  })),
);

const eventLeaf = fc.oneof(
  dear,
  pattern.map(($regex) => ({ "payload.owner": { $regex } })),
  fc.constantFrom(
    { "payload.amount": { $in: numbers(10_000) } },
    { "meta.user": "nobody" },
    { type: "account.deposited" },
  ),
);

const ofLog = fc.oneof(
  fc
    .tuple(fc.constantFrom("find", "count"), eventLeaf)
    .map(([action, query]) => ({ action: `events.${action}`, params: { query } })),
  fc.constantFrom<HeavyCall>(
    { action: "events.find", params: {} },
    { action: "events.read", params: { limit: 10_000 } },
    {
      action: "events.read",
      params: { limit: 10_000, types: numbers(80).map((index) => `${"**a".repeat(60)}${index}`) },
    },
    { action: "events.streams", params: { limit: 10_000 } },
    { action: "events.trace", params: { correlationId: "nobody" } },
    { action: "events.verify", params: {} },
    { action: "account.state", params: { id: "long" } },
    { action: "account.state", params: { id: "long", version: 5000 } },
    { action: "account.history", params: { id: "long", limit: 10_000 } },
    { action: "account.dryRun", params: { command: "deposit", params: { id: "long", amount: 1 } } },
    { action: "accounts.resolve", params: { id: numbers(10_000).map((index) => `${index}`), mapping: true } },
    { action: "accounts.verify", params: {} },
    {
      action: "accounts.find",
      params: { limit: 1000, excludeFields: numbers(200).map((index) => `more${".list".repeat(97)}.deep${index}`) },
    },
    { action: "accounts.at", params: { position: 5000, query: { "more.owner": "owner-1" } } },
    {
      action: "accounts.whatIf",
      params: { skip: { "payload.owner": { $regex: "^(a+)+$" } }, query: { balance: { $gt: 1 } } },
    },
    { action: "accounts.rebuild", params: {} },
    { action: "accounts.snapshot", params: {} },
  ),
);

/** Events that are expensive to search: the cost of one of them has no limit of its own. */
export const dearEvents = () => [
  { type: "thing.noted", payload: { text: "ab".repeat(20_000) } },
  {
    type: "thing.noted",
    payload: { text: Array.from({ length: 13_000 }, (_, at) => "ab"[((at * at + 7) % 3) & 1]).join("") },
  },
  { type: "thing.touched", payload: { list: numbers(28_000).map((x) => ({ x, y: 0 })) } },
];

const event = (index: number) => ({ type: "thing.noted", payload: { text: `note ${index}` } });

const ofAppend = fc.constantFrom<HeavyCall>(
  { action: "events.append", params: { stream: "thing-many", events: numbers(1000).map(event) } },
  {
    action: "events.append",
    params: { stream: "thing-large", events: [{ type: "thing.noted", payload: { text: "x".repeat(500_000) } }] },
  },
  { action: "thing.touch", params: { id: "deep", values: numbers(50_000) } },
);

export const heavyCall: fc.Arbitrary<HeavyCall> = fc
  .oneof({ weight: 5, arbitrary: ofTable }, { weight: 3, arbitrary: ofLog }, { weight: 1, arbitrary: ofAppend })
  .map(printed);
