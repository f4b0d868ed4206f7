import { readdirSync } from "node:fs";
import Database from "better-sqlite3";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { book, commands, entriesHost, keeper, moveOften, plainEntries, readLog } from "../support/accounts.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { append, bank, contentOf, engines, filesOf, history, log, move, plainAccounts, type Account } from "./bank.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

interface Answer {
  rows: Account[];
  position: number;
  parked: { id: string; error: { message: string } | null }[];
}

const at = (broker: ServiceBroker, params: object): Promise<Answer> =>
  broker.call("accounts.at", { sort: "id", ...params });
const wait = (ms: number) => new Promise((turn) => setTimeout(turn, ms));

describe.each(engines)("A past moment of a table on %s", (_, places) => {
  it("is answered at each position as a fold up to there would", async () => {
    const broker = await bank({ places });
    const events = await history(broker);
    const before = await contentOf(broker);
    for (const position of [0, 9, 4, 3, 6, 5, 1, 2, 7, 8])
      expect(await at(broker, { position })).toEqual({
        rows: plainAccounts(events.slice(0, position)),
        position,
        parked: [],
      });
    expect(await contentOf(broker)).toEqual(before);
  });

  it("is the position of the last event at a time, and the empty table before the first", async () => {
    const broker = await bank({ places });
    await move(broker, "a", 1);
    await wait(3);
    await move(broker, "a", 2);
    await wait(3);
    await move(broker, "b", 3);
    await caughtUp(broker, "accounts");
    const [, second] = await log(broker);
    expect(await at(broker, { time: second!.time })).toMatchObject({ position: 2, rows: [{ balance: 3 }] });
    expect(await at(broker, { time: "2001-01-01" })).toEqual({ position: 0, rows: [], parked: [] });
    expect(await at(broker, { time: "2999-01-01T00:00:00Z" })).toMatchObject({ position: 3, rows: [{}, {}] });
  });

  it("is queried, sorted, cut and filtered as find does it", async () => {
    const broker = await bank({ places });
    await history(broker);
    const query = { balance: { $gt: 5 } };
    expect((await at(broker, { position: 4, query, sort: "-balance" })).rows.map(({ id }) => id)).toEqual(["b", "c"]);
    expect((await at(broker, { position: 4, limit: 1, offset: 1 })).rows).toEqual([{ id: "b", balance: 20, moves: 1 }]);
    expect((await at(broker, { position: "4", query: '{"id":"c"}', fields: "id balance" })).rows).toEqual([
      { id: "c", balance: 7 },
    ]);
  });

  it("is what an action transform sees, while the live table's sees its own and is folded on", async () => {
    const gate = Promise.withResolvers<void>();
    let held = false;
    let isPast = false;
    const hook = async ({ position }: { position: number }) => {
      if (!isPast || position !== 3) return;
      held = true;
      await gate.promise;
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    isPast = true;
    const answer = at(broker, { position: 4 });
    await eventually(() => expect(held).toBe(true));
    for (let amount = 1; amount <= 30; amount++) await move(broker, "a", amount);
    await caughtUp(broker, "accounts");
    expect(await broker.call("accounts.find", { sort: "id" })).toEqual(plainAccounts(await log(broker)));
    gate.resolve();
    expect((await answer).rows).toEqual(plainAccounts(events.slice(0, 4)));
    expect(await broker.call("accounts.find", { sort: "id" })).toEqual(plainAccounts(await log(broker)));
  });

  it("is folded once for concurrent queries, and cached for later ones", async () => {
    const ran: number[] = [];
    const broker = await bank({ places, hook: ({ position }) => ran.push(position) });
    await history(broker);
    ran.length = 0;
    await Promise.all([at(broker, { position: 3 }), at(broker, { position: 3, query: { id: "a" } })]);
    expect(ran).toEqual([1, 2, 3]);
    for (const position of [4, 6, 3, 4, 6]) await at(broker, { position });
    expect(ran).toEqual([1, 2, 3, 1, 2, 3, 4, 1, 2, 3, 4, 6]);
    // The fourth replaces the least recently used one.
    ran.length = 0;
    for (const position of [1, 4, 6]) await at(broker, { position });
    expect(ran).toEqual([1]);
    await at(broker, { position: 3 });
    expect(ran).toEqual([1, 1, 2, 3]);
  });

  it("stays as long as it is in use, whatever else is asked for", async () => {
    const gate = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let isPast = false;
    const hook = ({ position }: { position: number }) => {
      if (!isPast || position !== 8) return undefined;
      held.resolve();
      return gate.promise;
    };
    const broker = await bank({ places, hook });
    await history(broker);
    isPast = true;
    const diff = broker.call("accounts.at", { position: 3, diff: { position: 8 } });
    await held.promise;
    for (const position of [1, 2, 4, 6, 7]) await at(broker, { position });
    gate.resolve();
    expect(await diff).toMatchObject({ added: [{ id: "c" }], changed: [{ id: "a" }, { id: "b" }], removed: [] });
  });

  it("is folded with at most one other at the same time", async () => {
    let most = 0;
    let running = 0;
    let isPast = false;
    const both = Promise.withResolvers<void>();
    const hook = async () => {
      if (!isPast) return;
      most = Math.max(most, ++running);
      if (running === 2) both.resolve();
      await both.promise;
      await wait(1);
      running--;
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    isPast = true;
    const answers = await Promise.all([1, 2, 3, 4, 6, 7, 8].map((position) => at(broker, { position })));
    for (const { position, rows } of answers) expect(rows).toEqual(plainAccounts(events.slice(0, position)));
    expect(most).toBe(2);
  });

  it("is without the events that cannot be folded, which it lists, and with them once they can", async () => {
    let isPoisoned = true;
    const hook = ({ position }: { position: number }) => {
      if (isPoisoned && position === 3) throw new Error("poison");
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    const poisoned = await at(broker, { position: 9 });
    expect(poisoned.rows).toEqual(plainAccounts(events.filter(({ position }) => ![3, 8].includes(position))));
    expect(poisoned.parked).toMatchObject([
      { id: events[2]!.id, error: { message: "poison" } },
      { id: events[7]!.id, error: null },
    ]);
    isPoisoned = false;
    expect(await at(broker, { position: 9 })).toMatchObject({ rows: plainAccounts(events), parked: [] });
    await broker.call("accounts.skip", { id: events[2]!.id });
    const skipped = plainAccounts(events.filter(({ position }) => position !== 3));
    expect(await at(broker, { position: 9 })).toEqual({ rows: skipped, position: 9, parked: [] });
    expect(await broker.call("accounts.find", { sort: "id" })).toEqual(skipped);
  });

  it("is refused where too many events in a row cannot be folded, naming the last", async () => {
    let isPast = false;
    const hook = () => {
      if (isPast) throw new Error("bug");
    };
    const broker = await bank({ places, hook, onError: { maxParkedInARow: 2 } });
    const events = await history(broker);
    isPast = true;
    expect(await refusal(() => at(broker, { position: 9 }))).toMatchObject({
      code: 409,
      type: "REBUILD_FAILED",
      message: expect.stringContaining(`the last: ${events[1]!.id}: bug`),
    });
    expect(await broker.call("accounts.find", { sort: "id" })).toEqual(plainAccounts(events));
  });

  it("waits for an outage that passes", async () => {
    let failures = 0;
    let isPast = false;
    const hook = ({ position }: { position: number }) => {
      if (isPast && position === 3 && failures++ < 2) throw Object.assign(new Error("not now"), { retryable: true });
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    isPast = true;
    expect(await at(broker, { position: 9 })).toMatchObject({ rows: plainAccounts(events), parked: [] });
    expect(failures).toBe(3);
  });

  it("ends with its host, also while it is folded", async () => {
    const held = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let isPast = false;
    const hook = ({ position }: { position: number }) => {
      if (!isPast || position !== 2) return undefined;
      held.resolve();
      return gate.promise;
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    isPast = true;
    const asked = refusal(() => at(broker, { position: 9 }));
    await held.promise;
    const stopped = broker.stop();
    await eventually(async () => void (await refusal(() => at(broker, { position: 0 }))));
    gate.resolve();
    await stopped;
    expect(await asked).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    if (places("").log === "memory:") return;
    isPast = false;
    await broker.start();
    expect(await at(broker, { position: 9 })).toMatchObject({ rows: plainAccounts(events) });
  });
});

describe.each(engines)("The difference between two moments of a table on %s", (_, places) => {
  it("until now reaches to the head of the log where the table is paused before it", async () => {
    const broker = await bank({ places });
    await history(broker);
    await broker.call("accounts.pause");
    await move(broker, "z", 5);
    await move(broker, "a", 1);
    const differences = await broker.call("accounts.at", { position: 10, diff: true });
    expect(differences).toMatchObject({ position: 10, to: 11, added: [], removed: [], changed: [{ id: "a" }] });
    expect(await broker.call("accounts.at", { position: 9, diff: true })).toMatchObject({
      to: 11,
      added: [{ id: "z", balance: 5 }],
      removed: [],
    });
    expect(await broker.call("accounts.status")).toMatchObject({ position: 9, paused: true });
  });

  it("is what was added, changed and removed until now, or until another moment", async () => {
    const broker = await bank({ places });
    await history(broker);
    expect(await broker.call("accounts.at", { position: 4, diff: true })).toEqual({
      added: [],
      changed: [
        { id: "a", before: { id: "a", balance: 5, moves: 2 }, after: { id: "a", balance: 105, moves: 3 } },
        { id: "b", before: { id: "b", balance: 20, moves: 1 }, after: { id: "b", balance: 1, moves: 1 } },
      ],
      removed: [],
      total: { added: 0, changed: 2, removed: 0 },
      position: 4,
      to: 9,
      parked: [],
    });
    expect(await broker.call("accounts.at", { position: 1, diff: { position: 6 } })).toEqual({
      added: [{ id: "c", balance: 7, moves: 1 }],
      changed: [{ id: "a", before: { id: "a", balance: 10, moves: 1 }, after: { id: "a", balance: 5, moves: 2 } }],
      removed: [],
      total: { added: 1, changed: 1, removed: 0 },
      position: 1,
      to: 6,
      parked: [],
    });
    expect(await broker.call("accounts.at", { position: 6, diff: { position: 2 } })).toMatchObject({
      added: [{ id: "b" }],
      removed: [{ id: "c" }],
      total: { added: 1, changed: 1, removed: 1 },
    });
    expect(await broker.call("accounts.at", { position: 9, diff: true })).toMatchObject({
      total: { added: 0, changed: 0, removed: 0 },
    });
  });

  it("is limited to the rows of a query, and per list, with totals", async () => {
    const broker = await bank({ places });
    for (let n = 0; n < 10; n++) await move(broker, `n${n}`, n);
    await caughtUp(broker, "accounts");
    expect(
      await broker.call("accounts.at", { position: 0, diff: true, query: { balance: { $gte: 4 } }, limit: 2 }),
    ).toMatchObject({
      added: [{ id: "n4" }, { id: "n5" }],
      total: { added: 6, changed: 0, removed: 0 },
    });
  });
});

describe.each(engines)("Verification of a table on %s", (_, places) => {
  it("finds nothing in a table that is what the log says, and leaves it alone", async () => {
    const broker = await bank({ places });
    expect(await broker.call("accounts.verify")).toEqual({ ok: true, position: 0, rows: 0, differences: [], total: 0 });
    await history(broker);
    const before = await contentOf(broker);
    expect(await broker.call("accounts.verify")).toMatchObject({ ok: true, rows: 3, differences: [], total: 0 });
    expect(await contentOf(broker)).toEqual(before);
  });

  it("finds nothing in a table that no event has changed yet", async () => {
    const broker = await bank({ places });
    await append(broker, "account.noted", { account: "a" });
    await caughtUp(broker, "accounts");
    expect(await broker.call("accounts.verify")).toEqual({ ok: true, position: 1, rows: 0, differences: [], total: 0 });
  });

  it("is right while the table is folded on", async () => {
    const broker = await bank({ places });
    const end = new AbortController();
    const moving = (async () => {
      for (let n = 0; !end.signal.aborted; n++) await move(broker, `n${n % 7}`, n);
    })();
    for (let n = 0; n < 5; n++) expect(await broker.call("accounts.verify")).toMatchObject({ ok: true });
    end.abort();
    await moving;
  });

  it("names what a transform that answers otherwise today would have made otherwise", async () => {
    let isMore = true;
    const hook = ({ payload }: { payload: { account?: string } }) => {
      if (payload.account === "a" && !isMore) throw new Error("no more a");
    };
    const broker = await bank({ places, hook });
    const events = await history(broker);
    isMore = false;
    const answer: { differences: object[] } = await broker.call("accounts.verify");
    expect(answer).toMatchObject({ ok: false, position: 9, rows: 3, total: 5 });
    expect(answer.differences).toEqual([
      { id: "checkpoint", field: "folded", found: 8, expected: 7 },
      { id: events[0]!.id, field: "parked", found: null, expected: "no more a" },
      ...[events[2]!, events[7]!].map(({ id }) => ({
        id,
        field: "parked",
        found: null,
        expected: "waits behind an earlier event of its stream",
      })),
      { id: "a", field: "id", found: "a", expected: null },
    ]);
  });
});

describe("A flood of calls that copy a table", () => {
  it.each(["verify", "at"])("has 102 of %s that are answered, and the others are refused", async (action) => {
    const broker = await bank({ places: engines[0]![1] });
    await history(broker);
    const params = action === "at" ? { position: 4, diff: true } : {};
    const calls = Array.from({ length: 110 }, () => broker.call(`accounts.${action}`, params));
    const outcomes = await Promise.allSettled(calls);
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as object] : []));
    expect(refused).toHaveLength(8);
    for (const error of refused) expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(await broker.call(`accounts.${action}`, params)).toMatchObject({ position: expect.any(Number) as number });
  });
});

describe("Verification of a table in a file", () => {
  const places = engines[0]![1];

  it("names each value that was changed behind its back, a hundred at most, and counts all", async () => {
    const folder = newFolder();
    const broker = await bank({ places, folder });
    for (let n = 0; n < 120; n++) await move(broker, `n${String(n).padStart(3, "0")}`, n);
    await caughtUp(broker, "accounts");
    await broker.stop();
    const file = readdirSync(`${folder}/accounts`).find((name) => /^\d+\.db$/.test(name))!;
    const db = new Database(`${folder}/accounts/${file}`);
    db.exec(`UPDATE "rows" SET balance = -1 WHERE id = 'n005';
             DELETE FROM "rows" WHERE id = 'n007';
             INSERT INTO "rows" (id, balance, moves) VALUES ('m', 1, 2);`);
    db.close();
    await broker.start();
    expect(await broker.call("accounts.verify")).toEqual({
      ok: false,
      position: 120,
      rows: 120,
      differences: [
        { id: "m", field: "id", found: "m", expected: null },
        { id: "n005", field: "balance", found: -1, expected: 5 },
        { id: "n007", field: "id", found: null, expected: "n007" },
      ],
      total: 3,
    });
    await broker.stop();
    const again = new Database(`${folder}/accounts/${file}`);
    again.exec(`UPDATE "rows" SET moves = 9`);
    again.close();
    await broker.start();
    const answer: { differences: object[]; total: number } = await broker.call("accounts.verify");
    expect([answer.differences.length, answer.total]).toEqual([100, 122]);
  });

  it("changes nothing, as any look at the past, and leaves no file behind", async () => {
    const folder = newFolder();
    const broker = await bank({ places, folder });
    await history(broker);
    const before = [filesOf(folder), await contentOf(broker)];
    await broker.call("accounts.verify");
    expect([filesOf(folder), await contentOf(broker)]).toEqual(before);
    await broker.call("accounts.at", { position: 2, diff: true });
    await broker.call("accounts.whatIf", { inject: { type: "account.moved", payload: { account: "x", amount: 1 } } });
    for (let position = 1; position < 9; position++) await at(broker, { position });
    expect(await contentOf(broker)).toEqual(before[1]);
    // The live one and the three cached ones.
    expect(filesOf(folder)).toHaveLength(2 + 3);
    await broker.stop();
    expect(filesOf(folder)).toEqual(before[0]);
  });
});

describe("A table that was folded by another definition", () => {
  it("is not verified, and a past moment is folded by today's", async () => {
    const folder = newFolder();
    const start = (factor: number) => {
      const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
      const accounts = Aggregate("accounts", { eventStore: events, fields: { balance: "integer" }, onChange: "warn" })
        .on("account.moved")
        .create(factor === 1 ? ({ payload }) => payload["row"] as object : () => ({ id: "today" }));
      return startBroker([{ name: "bank", mixins: [events.mixin(), accounts.mixin()] }]);
    };
    const before = await start(1);
    const event = { type: "account.moved", payload: { row: { id: "then" } } };
    await before.call("events.append", { stream: "account-1", events: [event] });
    await caughtUp(before, "accounts");
    expect(await before.call("accounts.verify")).toMatchObject({ ok: true, rows: 1 });
    await before.stop();
    const broker = await start(2);
    expect(await refusal(() => broker.call("accounts.verify"))).toMatchObject({
      code: 409,
      type: "STALE_TABLE",
      data: {
        table: "accounts",
        field: "on.account.moved",
        expected: expect.stringMatching(/^create by function/),
      },
    });
    expect(await broker.call("accounts.find")).toMatchObject([{ id: "then" }]);
    expect(await at(broker, { position: 1 })).toMatchObject({ rows: [{ id: "today" }] });
    expect(await broker.call("accounts.at", { position: 1, diff: true })).toMatchObject({
      added: [{ id: "then" }],
      removed: [{ id: "today" }],
    });
  });
});

describe("A past moment with bad input", () => {
  let broker: ServiceBroker;
  let before: object;
  beforeEach(async () => {
    broker = await bank({ places: engines[1]![1] });
    await history(broker);
    before = await contentOf(broker);
  });
  const refused = async (action: string, params: object) => {
    const error = await refusal(() => broker.call(action, params));
    expect(await contentOf(broker)).toEqual(before);
    return error;
  };

  it.each<[string, object, object]>([
    ["neither position nor time", {}, { field: "position", actual: "undefined" }],
    ["both", { position: 1, time: "2026-01-01" }, { field: "time", actual: "2026-01-01" }],
    [
      "a position in the future",
      { position: 10 },
      { field: "position", actual: 10, expected: "at most the store's head, 9" },
    ],
    ["a position that is none", { position: -1 }, { field: "position", actual: -1, expected: "a whole number from 0" }],
    ["a fraction", { position: 1.5 }, { field: "position", actual: 1.5 }],
    ["a time that is none", { time: "yesterday" }, { field: "time", actual: "yesterday" }],
    ["a diff that is no moment", { position: 1, diff: 5 }, { field: "diff", actual: 5 }],
    ["a diff with a future position", { position: 1, diff: { position: 99 } }, { field: "diff.position", actual: 99 }],
    ["a diff with both", { position: 1, diff: { position: 1, time: "2026-01-01" } }, { field: "diff" }],
    [
      "a sort beside a diff",
      { position: 1, diff: true, sort: "id" },
      { field: "sort", expected: "no such param together with diff" },
    ],
  ])("is refused: %s", async (_, params, problem) => {
    expect(await refused("accounts.at", params)).toMatchObject({
      code: 422,
      type: "VALIDATION_ERROR",
      data: [problem],
    });
  });

  it.each<object>([{ query: { nothing: 1 } }, { query: { balance: { $huge: 1 } } }, { sort: "nothing" }])(
    "is refused: %j",
    async (params) => {
      for (const one of [
        { position: 3, ...params },
        ...("query" in params ? [{ position: 3, diff: true, ...params }] : []),
      ])
        expect(await refused("accounts.at", one)).toMatchObject({
          code: 422,
          type: "INVALID_QUERY",
        });
    },
  );

  it("is refused: an unknown parameter, an unknown snapshot", async () => {
    expect(await refused("accounts.at", { positon: 3 })).toMatchObject({ code: 422 });
    expect(await refused("accounts.verify", { snapshotId: "nothing" })).toMatchObject({
      code: 409,
      type: "SNAPSHOTS_NOT_CONFIGURED",
    });
    const inFiles = await bank({ places: engines[0]![1] });
    expect(await refusal(() => inFiles.call("accounts.verify", { snapshotId: "nothing" }))).toMatchObject({
      code: 404,
      type: "UNKNOWN_SNAPSHOT",
    });
  });
});

describe("A past moment of a table whose transform is on another node", () => {
  it("is what the transform sees there", async () => {
    const folder = newFolder();
    const node = (nodeID: string, service: ServiceSchema) =>
      startBroker([service], { nodeID, namespace: "past", transporter: "Fake" });
    await node("store", keeper(folder));
    await node("table", entriesHost(folder));
    const caller = await node("transform", book());
    caller.createService(commands());
    await caller.waitForServices(["events", "entries", "accounts"], 20_000, 5);
    await moveOften(caller, 40);
    await caughtUp(caller, "entries");
    const expected = plainEntries((await readLog(caller)).slice(0, 25));
    expect(await caller.call("entries.at", { position: 25, sort: "nth" })).toMatchObject({ rows: expected });
    expect(await caller.call("entries.verify")).toMatchObject({ ok: true, rows: 40 });
  });
});

describe("A transform that asks for a past moment of its own table", () => {
  it("is refused, and its event is parked", async () => {
    const events = EventStore("events", { adapter: "memory:" });
    const accounts = Aggregate("accounts", {
      eventStore: events,
      adapter: "memory:",
      fields: { n: "integer" },
      onError: { retries: 0 },
    })
      .on("account.moved")
      .create(async (_, { ctx }) => {
        await ctx.call("accounts.at", { position: 0 });
        return { n: 1 };
      });
    const broker = await startBroker([{ name: "bank", mixins: [events.mixin(), accounts.mixin()] }]);
    await append(broker, "account.moved", { account: "a" });
    await eventually(async () =>
      expect(await eventsIn(broker.call("accounts.parked"))).toMatchObject([
        { error: { type: "VALIDATION_ERROR", message: expect.stringContaining("a transform of accounts") } },
      ]),
    );
  });
});
