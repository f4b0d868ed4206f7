import { Decider, EventStore, type LogVerification, type ClaimOptions } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import type { ServiceBroker } from "moleculer";
import Database from "better-sqlite3";
import { claimChanges, typesOf } from "../../core/decider/claim.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { verifyLog } from "../../mixins/event-store/verify/verify-log.ts";
import { verifyClaims } from "../../mixins/event-store/verify/verify-claims.ts";
import type { LogProblem, UncheckedPart } from "../../mixins/event-store/verify/log-problem.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";
import { appended, appendTo, upTo } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";

let log: EventLog;

afterEach(async () => {
  await log?.close();
  await cleanUp();
});

type Events = { "name.taken": { name: string }; "name.freed": { name: string } };

const byName: ClaimOptions<Events> = {
  claim: { "name.taken": ({ payload }) => payload.name },
  release: { "name.freed": ({ payload }) => payload.name },
  ignoreCase: true,
};

const decider = (unique: string | null, adapter = "memory:") => {
  const store = EventStore<Events>("events", { adapter });
  return {
    store,
    names: Decider("user", {
      eventStore: store,
      initialState: () => ({}),
      commands: {
        take: {
          params: { name: "string" },
          decide: (_, { name }) => ({ type: "name.taken", payload: { name } }),
        },
      },
      evolve: { "name.taken": (state) => state, "name.freed": (state) => state },
      ...(unique !== null && { claims: { [unique]: byName } }),
    }),
  };
};

const { definition } = decider("name").names;
const claim = definition.claims[0]!;
const { scope, fingerprint } = claim;

const job = { progress: () => {}, check: () => {} };

/** An event of a stream, with the claims that follow from it, or with `told`. */
function event(stream: string, type: string, name: unknown, told?: Record<string, boolean>) {
  const body = { type, payload: { name } };
  const changes = told
    ? Object.entries(told).map(([value, claimed]) => ({ value, claimed }))
    : claimChanges(claim, [{ ...body, stream }]).map(({ value, claimed }) => ({ value, claimed }));
  return appendTo(stream, [body], { claims: [{ scope, definition: fingerprint, changes }] });
}

const take = (stream: string, name: string, told?: Record<string, boolean>) => event(stream, "name.taken", name, told);
const free = (stream: string, name: string, told?: Record<string, boolean>) => event(stream, "name.freed", name, told);

async function found(maxClaims?: number, known: typeof definition | null = definition, check = () => {}) {
  const problems: LogProblem[] = [];
  const unchecked: UncheckedPart[] = [];
  await verifyClaims({
    log,
    catalogue: definition.catalogue,
    deciderOf: () => known,
    job: { ...job, check },
    report: (problem) => void problems.push(problem),
    reportUnchecked: (part) => void unchecked.push(part),
    ...(maxClaims !== undefined && { maxClaims }),
  });
  return { problems, unchecked };
}

const nothing = { problems: [], unchecked: [] };

const differs = (position: number, value: string, claimant: string | null, expected: string | null) => ({
  position,
  field: "claim",
  found: { scope, value, claimant },
  expected: { claimant: expected },
});

const engines = { memory: () => memory(), sqlite: () => sqlite(`${newFolder()}/events.db`) };

describe.each(Object.entries(engines))("The verification of the claims of a log on %s", (_, adapter) => {
  beforeEach(async () => {
    log = adapter().eventLog!("events");
    await log.open();
    await log.claims.begin(scope, fingerprint, typesOf(claim));
  });

  it("finds nothing where each follows from the log", async () => {
    await appended(log, take("a", "Ann"), take("b", "bob"), take("a", "ann"), free("b", "BOB"), take("c", "bob"));
    await appended(log, take("a", "x".repeat(900)), take("b", "é".repeat(900)), free("c", "ann"));
    expect(await found()).toEqual(nothing);
    expect(await found(1)).toEqual(nothing);
  });

  it("finds one that no event of its stream has made, one that another stream made, and one that is missing", async () => {
    await appended(log, take("a", "ann"), take("b", "bob"));
    await appended(log, take("c", "carl", { dora: true }), free("c", "nobody", { carl: true }));
    await appended(log, take("b", "bob", { bob: false }), take("d", "dan", { bob: true, dan: true }));
    await appended(log, take("d", "eve", {}));
    expect((await found()).problems).toEqual([
      differs(7, "bob", "d", "b"),
      differs(7, "dora", "c", null),
      differs(7, "eve", null, "d"),
    ]);
  });

  it("finds each in its own range of values, and holds one range at a time", async () => {
    for (const n of upTo(60)) await appended(log, take(`s-${n}`, `name ${n}`, n % 6 === 0 ? {} : undefined));
    await appended(log, take("x", "name 7", { "name 7x": true }), free("s-9", "name 9"));
    const problems = [
      ...upTo(10).map((n) => differs(62, `name ${n * 6}`, null, `s-${n * 6}`)),
      differs(62, "name 7x", "x", null),
    ];
    for (const maxClaims of [2, 7, 25, 1000]) {
      const { problems: all } = await found(maxClaims);
      expect(all).toHaveLength(problems.length);
      expect(all).toEqual(expect.arrayContaining(problems));
    }
  });

  it("finds all of them missing, and none that the log gives", async () => {
    for (const n of upTo(30)) await appended(log, take(`s-${n}`, `name ${n}`, {}));
    expect((await found(4)).problems).toHaveLength(30);
  });

  it("leaves a value that the log takes twice with the first stream, and frees it with that", async () => {
    await log.append([appendTo("a", [{ type: "name.taken", payload: { name: "ann" } }])]);
    await log.append([appendTo("b", [{ type: "name.taken", payload: { name: "ann" } }])]);
    const changes = ["a", "b"].map((stream) => ({ stream, value: "ann", claimed: true }));
    await log.claims.fold({ scope, definition: fingerprint, after: 0, position: 2, changes });
    expect(await found()).toEqual(nothing);
    await appended(log, free("a", "ann"));
    expect(await found()).toEqual(nothing);
    expect(await log.claims.claimants(scope, fingerprint, ["ann"])).toEqual({});
  });

  it("compares claims that do not follow the log up to where they do", async () => {
    await appended(log, take("a", "ann"));
    await log.append([appendTo("b", [{ type: "name.taken", payload: { name: "bob" } }])]);
    expect(await found()).toEqual(nothing);
    const changes = [{ stream: "b", value: "bert", claimed: true }];
    await log.claims.fold({ scope, definition: fingerprint, after: 1, position: 2, changes });
    expect((await found()).problems).toEqual([differs(2, "bert", "b", null), differs(2, "bob", null, "b")]);
  });

  it("is right while names are taken and freed", async () => {
    await appended(log, ...upTo(1300).map((n) => take(`s-${n}`, `name ${n}`)));
    const appends: Promise<unknown>[] = [];
    // Called between any two pages of the log and of the claims.
    const change = () => {
      const n = appends.length;
      const of = (n * 997) % 1300 || 1300;
      const renamed = [free(`s-${of}`, `name ${of}`), take(`s-${of}`, `other ${n}`), take(`s-${of}`, `name ${of}`)];
      appends.push(appended(log, ...(n % 3 === 0 ? renamed : [take(`t-${n}`, `new ${n}`)])));
    };
    for (const maxClaims of [400, 5000]) expect(await found(maxClaims, definition, change)).toEqual(nothing);
    await Promise.all(appends);
    expect(appends.length).toBeGreaterThan(12);
  });

  it("says which claims it could not compare, and why", async () => {
    await appended(log, take("a", "ann", { bob: true }));
    const why = async (known: typeof definition | null) => (await found(undefined, known)).unchecked;
    expect(await why(null)).toEqual([{ field: "claim", name: scope, why: "decider user is not on this node" }]);
    expect(await why(decider(null).names.definition)).toEqual([
      { field: "claim", name: scope, why: "decider user no longer has this claim" },
    ]);
    await log.append([event("b", "name.taken", { no: "name" }, {})]);
    expect(await why(definition)).toEqual([
      {
        field: "claim",
        name: scope,
        why: expect.stringMatching(/^event at position 2: .*expected a string/) as string,
      },
    ]);
    await log.claims.begin(scope, "another definition", typesOf(claim));
    expect(await why(definition)).toContainEqual({
      field: "claim",
      name: scope,
      why: expect.stringContaining("under another definition") as string,
    });
  });

  it("is part of the verification of the log", async () => {
    await appended(log, take("a", "ann", { bob: true }));
    const dependencies = { log, catalogue: definition.catalogue };
    expect(await verifyLog({ ...dependencies, deciderOf: () => definition }, job)).toEqual({
      ok: false,
      position: 1,
      streams: 1,
      problems: [differs(1, "bob", "a", null), differs(1, "ann", null, "a")],
      total: 2,
      unchecked: [],
    });
    expect(await verifyLog({ ...dependencies, deciderOf: () => null }, job)).toMatchObject({
      ok: true,
      unchecked: [{ field: "claim", name: scope }],
    });
  });
});

describe("The verification of a store", () => {
  const verify = (broker: ServiceBroker): Promise<LogVerification> => broker.call("events.verify");

  it("compares the claims of the deciders on its node, and names those of others", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const { store, names } = decider("name", adapter);
    const before = await startBroker([{ name: "user", mixins: [store.mixin(), names.mixin()] }]);
    await before.call("user.take", { id: "1", name: "Ann" });
    expect(await verify(before)).toMatchObject({ ok: true, unchecked: [] });
    const claims = [{ scope, definition: fingerprint, changes: [{ value: "bob", claimed: true }] }];
    const body = { stream: "x", events: [{ type: "x.happened", payload: {} }] };
    await before.call("$events.append", { ...body, claims }, spoken);
    expect(await verify(before)).toMatchObject({ ok: false, problems: [differs(2, "bob", "x", null)], unchecked: [] });
    await before.stop();
    const { store: alone } = decider(null, adapter);
    const broker = await startBroker([{ name: "other", mixins: [alone.mixin()] }]);
    const unchecked = [{ field: "claim", name: "user/name", why: "decider user is not on this node" }];
    expect(await verify(broker)).toMatchObject({ ok: true, unchecked });
  });
});

describe("The verification of a store whose file another program has changed", () => {
  it.each([
    ["UPDATE claims SET stream = 'x'", [differs(1, "ann", "x", "user-1")]],
    ["INSERT OR REPLACE INTO claims SELECT generation, value, 'x' FROM claims", [differs(1, "ann", "x", "user-1")]],
    ["DELETE FROM claims", [differs(1, "ann", null, "user-1")]],
    ["INSERT INTO claims SELECT generation, 'bob', stream FROM claims", [differs(1, "bob", "user-1", null)]],
  ])("finds %s", async (sql, problems) => {
    const file = `${newFolder()}/events.db`;
    const { store, names } = decider("name", `sqlite:${file}`);
    const broker = await startBroker([{ name: "user", mixins: [store.mixin(), names.mixin()] }]);
    await broker.call("user.take", { id: "1", name: "Ann" });
    const db = new Database(file);
    db.exec(sql);
    db.close();
    expect(await broker.call("events.verify")).toMatchObject({ ok: false, problems });
  });
});
