import type { ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { v7 } from "uuid";
import { readLog } from "../support/accounts.ts";
import { caughtUp, cleanUp, refusal } from "../support/broker.ts";
import { bank, contentOf, engines, history, log, move, plainAccounts, type Account } from "./bank.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

interface Answer {
  rows: Account[];
  position: number;
  injected: number;
  skipped: number;
  replaced: number;
  parked: { id: string; error: { message: string } | null }[];
}

const whatIf = (broker: ServiceBroker, params: object): Promise<Answer> =>
  broker.call("accounts.whatIf", { sort: "id", ...params });
const moved = (account: string, amount: number) => ({ type: "account.moved", payload: { account, amount } });

describe.each(engines)("A history that never was, of a table on %s", (_, places) => {
  it("is the actual one where nothing is altered", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    expect(await whatIf(broker, {})).toEqual({
      rows: plainAccounts(events),
      position: 9,
      injected: 0,
      skipped: 0,
      replaced: 0,
      parked: [],
    });
    expect(await whatIf(broker, { inject: [], skip: [], replace: {}, until: 4 })).toMatchObject({
      rows: plainAccounts(events.slice(0, 4)),
      position: 4,
    });
  });

  it("has events more, after all others or after a position", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const before = await contentOf(broker);
    const rowsWith = (after: number, ...more: ReturnType<typeof moved>[]) =>
      plainAccounts([...events.slice(0, after), ...more, ...events.slice(after)]);
    expect(await whatIf(broker, { inject: moved("a", 1000) })).toMatchObject({
      rows: rowsWith(9, moved("a", 1000)),
      position: 9,
      injected: 1,
    });
    const close = { type: "account.closed", payload: { account: "a" } };
    for (const after of [0, 1, 2, 3, 5, 8, 9])
      expect(await whatIf(broker, { inject: [{ ...close, after }] })).toMatchObject({
        rows: rowsWith(after, close as ReturnType<typeof moved>),
        injected: 1,
      });
    expect(
      await whatIf(broker, { inject: [{ ...moved("z", 1), after: 6 }, moved("z", 2), { ...close, after: 6 }] }),
    ).toMatchObject({
      injected: 3,
      rows: [{ id: "a", balance: 100 }, { id: "b" }, { id: "c" }, { id: "z", balance: 3 }],
    });
    expect(await contentOf(broker)).toEqual(before);
  });

  it("gives an injected event an id that is the same each time, a version, a time, and says that it is injected", async () => {
    const seen: RecordedEvent[] = [];
    const hook = (event: RecordedEvent) => void (event.meta["$injected"] === true && seen.push(event));
    const broker = await bank({ places, hook });
    const events = await history(broker);
    const inject = [
      { ...moved("a", 1), after: 3, stream: "account-a", meta: { user: "u", correlationId: "c" } },
      { ...moved("a", 2), after: 3, stream: "account-a" },
      { ...moved("a", 2), after: 0 },
    ];
    await whatIf(broker, { inject });
    await whatIf(broker, { inject });
    expect(seen.slice(0, 3)).toEqual(seen.slice(3));
    const [own, first, second] = seen;
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: "account.moved",
      stream: "account-a",
      version: 3,
      position: 3,
      time: events[2]!.time,
      payload: { account: "a", amount: 1 },
      meta: { user: "u", correlationId: "c", causationId: first!.id, $injected: true },
    });
    expect(second).toMatchObject({ stream: "account-a", version: 4, meta: { correlationId: second!.id } });
    expect(own).toMatchObject({ stream: `injected-${own!.id}`, version: 1, position: 0, time: events[0]!.time });
    expect(new Set(seen.map(({ id }) => id)).size).toBe(3);
  });

  it("has events less, by id, by ids, or by a query", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const before = await contentOf(broker);
    const without = (...positions: number[]) =>
      plainAccounts(events.filter(({ position }) => !positions.includes(position)));
    const id = (position: number) => events[position - 1]!.id;
    for (const [skip, positions] of [
      [id(6), [6]],
      [
        [id(2).toUpperCase(), id(8)],
        [2, 8],
      ],
      [{ type: "account.closed" }, [6]],
      [{ stream: "account-a", position: { $gt: 1 } }, [3, 8]],
      [{ "payload.amount": { $gte: 10 } }, [1, 2, 8]],
      [{ "meta.nobody": { $exists: true } }, []],
      [{ time: { $lt: "2001-01-01" } }, []],
      [{ $or: [{ position: 4 }, { $not: { position: { $lt: 8 } } }], type: "account.moved" }, [4, 8]],
    ] as [unknown, number[]][])
      expect(await whatIf(broker, { skip })).toMatchObject({
        rows: without(...positions),
        skipped: positions.length,
        parked: [],
      });
    expect(await contentOf(broker)).toEqual(before);
  });

  it("has other payloads, by id or as a list", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const [, second, third] = events;
    const altered = plainAccounts(
      events.map((event) =>
        event === second || event === third ? { ...event, payload: { account: "c", amount: -1 } } : event,
      ),
    );
    const payload = { account: "c", amount: -1 };
    for (const replace of [
      { [second!.id]: payload, [third!.id]: payload },
      [
        { id: third!.id, payload },
        { id: second!.id.toUpperCase(), payload },
      ],
    ])
      expect(await whatIf(broker, { replace })).toMatchObject({ rows: altered, replaced: 2 });
  });

  it("ends at a position or a time, and may be altered in all ways at once", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const [first, second] = events;
    const params = {
      inject: { ...moved("d", 9), after: 2 },
      skip: [first!.id],
      replace: { [second!.id]: { account: "b", amount: 21 } },
    };
    const rows = [
      { id: "b", balance: 21, moves: 1 },
      { id: "d", balance: 9, moves: 1 },
    ];
    expect(await whatIf(broker, { ...params, until: 2 })).toEqual({
      rows,
      position: 2,
      injected: 1,
      skipped: 1,
      replaced: 1,
      parked: [],
    });
    expect(await whatIf(broker, { inject: moved("d", 9), until: "2001-01-01" })).toMatchObject({
      rows: [{ id: "d" }],
      position: 0,
    });
    expect(await whatIf(broker, { until: new Date().toISOString() })).toMatchObject({ position: 9 });
  });

  it("ends at its last position: no event behind it counts, though none of them can be folded", async () => {
    const hook = ({ position }: RecordedEvent) => {
      if (position > 2) throw new Error("no");
    };
    const broker = await bank({ places, hook, onError: { retries: 0, maxParkedInARow: 2 } });
    for (const account of ["a", "b", "c", "d", "e"]) await move(broker, account, 10);
    const [first] = await log(broker);
    expect(await whatIf(broker, { until: 2, skip: first!.id })).toMatchObject({
      rows: [{ id: "b", balance: 10 }],
      parked: [],
    });
    expect(await whatIf(broker, { until: 3 })).toMatchObject({ rows: [{ id: "a" }, { id: "b" }], parked: [{}] });
    expect(await refusal(() => whatIf(broker, { until: 4 }))).toMatchObject({ type: "REBUILD_FAILED", code: 409 });
  });

  it("is queried as find does it, and compared with the actual one at the same moment", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const params = { inject: [moved("d", 9), { ...moved("a", 1), after: 3 }], skip: [events[3]!.id] };
    expect((await whatIf(broker, { ...params, query: { balance: { $lt: 10 } }, fields: "id" })).rows).toEqual([
      { id: "b" },
      { id: "d" },
    ]);
    const row = (id: string, balance: number, moves: number) => ({ id, balance, moves });
    const diff = { ...params, diff: true };
    expect(await broker.call("accounts.whatIf", diff)).toEqual({
      added: [row("d", 9, 1)],
      changed: [{ id: "a", before: row("a", 105, 3), after: row("a", 106, 4) }],
      removed: [row("c", 7, 1)],
      total: { added: 1, changed: 1, removed: 1 },
      position: 9,
      injected: 2,
      skipped: 1,
      replaced: 0,
      parked: [],
    });
    expect(await broker.call("accounts.whatIf", { ...diff, until: 4, query: { id: "a" } })).toMatchObject({
      changed: [{ before: row("a", 5, 2), after: row("a", 6, 3) }],
      total: { added: 0, changed: 1, removed: 0 },
      position: 4,
    });
  });

  it("lists what could not be folded in it", async () => {
    const hook = ({ payload }: RecordedEvent) => {
      if (payload["amount"] === 13) throw new Error("unlucky");
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    const answer = await whatIf(broker, { inject: { ...moved("a", 13), stream: "account-a", after: 3 } });
    expect(answer.rows).toEqual(plainAccounts(events.filter(({ position }) => position !== 8)));
    expect(answer.parked).toMatchObject([{ error: { message: "unlucky" } }, { id: events[7]!.id, error: null }]);
    expect(await eventsIn(broker.call("accounts.parked"))).toEqual([]);
  });

  it("has each event once where an outage meets one that never happened", async () => {
    let failures = 0;
    const hook = ({ meta, payload }: RecordedEvent) => {
      if (meta["$injected"] === true && payload["amount"] === 2 && failures++ < 2)
        throw Object.assign(new Error("not now"), { retryable: true });
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    const inject = [1, 2, 3].map((amount) => ({ ...moved("a", amount), after: 3 }));
    expect(await whatIf(broker, { inject })).toMatchObject({
      rows: plainAccounts([...events.slice(0, 3), ...inject, ...events.slice(3)]),
      injected: 3,
      parked: [],
    });
    expect(failures).toBe(3);
  });

  it("passes nothing to listeners, and counts no event of an unmapped type", async () => {
    const broker = await bank({ places });
    const heard: unknown[] = [];
    broker.createService({
      name: "listener",
      events: { "account.*": (ctx: { params: unknown }) => void heard.push(ctx) },
    });
    await move(broker, "a", 1);
    await caughtUp(broker, "accounts");
    const inject = [moved("a", 5), { type: "account.noted", payload: {} }];
    expect(await whatIf(broker, { inject })).toMatchObject({ injected: 1, rows: [{ balance: 6 }] });
    expect(await broker.call("events.status")).toMatchObject({ head: 1, pump: { lag: 0 } });
    expect(heard).toHaveLength(1);
  });

  it("starts from the live table where that is folded no further than the first alteration", async () => {
    const ran: number[] = [];
    const broker = await bank({ places, hook: ({ position }) => void ran.push(position) });
    for (let n = 0; n < 6; n++)
      await broker.call("events.append", {
        stream: `account-${n}`,
        events: Array.from({ length: 900 }, (_, index) => moved(`${n}`, index)),
      });
    await caughtUp(broker, "accounts");
    ran.length = 0;
    const answer = await whatIf(broker, { inject: moved("0", 1) });
    expect(answer.rows).toEqual(plainAccounts([...(await readLog<RecordedEvent>(broker)), moved("0", 1)]));
    expect(ran).toEqual([5400]);
    expect(await whatIf(broker, { inject: moved("0", 1), diff: true, sort: undefined })).toMatchObject({
      total: { added: 0, changed: 1, removed: 0 },
    });
    expect(ran).toHaveLength(2);
  });
});

describe("A history that never was, with bad input", () => {
  let broker: ServiceBroker;
  let events: RecordedEvent[];
  let before: object;
  beforeEach(async () => {
    broker = await bank({
      places: engines[0]![1],
      catalogue: { "account.moved": { payload: { account: "string", amount: "number|integer" } } },
    });
    events = await history(broker);
    before = await contentOf(broker);
  });
  const refused = async (params: object) => {
    const error = await refusal(() => broker.call("accounts.whatIf", params));
    expect(await contentOf(broker)).toEqual(before);
    return error;
  };

  const unknown = v7();
  it.each<[string, object, string]>([
    ["an injected event that is none", { inject: "account.moved" }, "inject.0"],
    ["one without a type", { inject: [moved("a", 1), { payload: {} }] }, "inject.1.type"],
    ["one of a framework's type", { inject: { type: "$moved", payload: {} } }, "inject.0.type"],
    ["one whose payload the catalogue refuses", { inject: moved("a", 1.5) }, "inject.0.payload.amount"],
    ["one after the future", { inject: { ...moved("a", 1), after: 10 } }, "inject.0.after"],
    ["one after the end", { inject: { ...moved("a", 1), after: 5 }, until: 4 }, "inject.0.after"],
    ["one after nothing", { inject: { ...moved("a", 1), after: "soon" } }, "inject.0.after"],
    ["one with an unknown field", { inject: { ...moved("a", 1), afer: 1 } }, "inject.0.afer"],
    [
      "one whose payload holds a promise",
      { inject: { type: "account.moved", payload: { amount: Promise.resolve(1) } } },
      "inject.0.payload.amount",
    ],
    ["one whose payload is no Unicode", { inject: moved("\ud83d", 1) }, "inject.0.payload.account"],
    ["a replacement with an unknown field", { replace: [{ id: v7(), payload: {}, pos: 1 }] }, "replace.0.pos"],
    ["one with a stream that is none", { inject: { ...moved("a", 1), stream: "" } }, "inject.0.stream"],
    ["one with a meta that is none", { inject: { ...moved("a", 1), meta: [] } }, "inject.0.meta"],
    ["too many", { inject: Array.from({ length: 1001 }, () => moved("a", 1)) }, "inject"],
    ["an unknown id to skip", { skip: [unknown] }, "skip.0"],
    ["an id that is none", { skip: ["nothing", 5] }, "skip.0"],
    ["a lone unknown id", { skip: unknown }, "skip"],
    ["an unknown id to replace", { replace: { [unknown]: {} } }, `replace.${unknown}`],
    ["one in a list", { replace: [{ id: unknown, payload: {} }] }, "replace.0.id"],
    ["replacements that are none", { replace: 5 }, "replace"],
    ["a replacement that is none", { replace: [5] }, "replace.0"],
    ["an end in the future", { until: 10 }, "until"],
    ["an end that is none", { until: "tomorrow" }, "until"],
    ["a negative end", { until: -1 }, "until"],
    ["a sort beside a diff", { diff: true, sort: "id" }, "sort"],
    ["a diff to another moment", { diff: { position: 1 } }, "diff"],
    ["a diff that is a list", { diff: [] }, "diff"],
    ["a diff that is empty", { diff: "" }, "diff"],
    ["a diff that is a number", { diff: 0 }, "diff"],
  ])("is refused: %s", async (_, params, field) => {
    expect(await refused(params)).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [{ field }, ...anyMore(params)],
    });
  });

  const anyMore = (params: object) =>
    "skip" in params && Array.isArray(params.skip) ? params.skip.slice(1).map(() => ({})) : [];

  it("is refused: an event after the end, a payload that does not fit, an event that is skipped and replaced", async () => {
    const [first, second] = events;
    expect(await refused({ skip: [second!.id], until: 1 })).toMatchObject({
      data: [{ field: "skip.0", actual: second!.id, expected: "an event up to position 1, not 2" }],
    });
    expect(await refused({ replace: { [first!.id]: { account: "a" } } })).toMatchObject({
      data: [{ field: `replace.${first!.id}.payload.amount` }],
    });
    expect(await refused({ skip: first!.id, replace: { [first!.id]: first!.payload } })).toMatchObject({
      data: [{ field: "replace", actual: first!.id }],
    });
  });

  it.each<object>([
    { skip: { nothing: 1 } },
    { skip: { type: { $huge: 1 } } },
    { query: { nothing: 1 } },
    { query: { nothing: 1 }, diff: true },
  ])("is refused: %j", async (params) => {
    expect(await refused(params)).toMatchObject({ code: 422, type: "INVALID_QUERY" });
  });

  it("is refused where it injects into a stream of the framework, or replaces an event twice", async () => {
    expect(await refused({ inject: { ...moved("a", 1), stream: "$mine" } })).toMatchObject({
      data: [{ field: "inject.0.stream", actual: "$mine" }],
    });
    const [first]: RecordedEvent[] = await eventsIn(broker.call("events.read", { limit: 1 }));
    const { id, payload } = first!;
    const replace = [
      { id, payload },
      { id: id.toUpperCase(), payload },
    ];
    expect(await refused({ replace })).toMatchObject({ data: [{ field: "replace.1.id" }] });
  });

  it("is refused where it says in a number what to skip", async () => {
    expect(await refused({ skip: 5 })).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "skip", actual: 5 }],
    });
  });

  it("takes what the catalogue makes of a payload", async () => {
    expect(await whatIf(broker, { inject: moved("z", 3) })).toMatchObject({
      rows: [{}, {}, {}, { id: "z", balance: 3 }],
    });
  });
});
