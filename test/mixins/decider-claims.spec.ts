import Database from "better-sqlite3";
import { Decider, EventStore, type StoredAnswer, type ClaimOptions } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

type Events = {
  "order.created": { number: string };
  "order.renamed": { from: string; to: string };
  "order.deleted": { number: string };
  "order.noted": Record<string, unknown>;
};

const byNumber: ClaimOptions<Events> = {
  claim: { "order.created": ({ payload }) => payload.number, "order.renamed": ({ payload }) => payload.to },
  release: { "order.deleted": ({ payload }) => payload.number, "order.renamed": ({ payload }) => payload.from },
  ignoreCase: true,
};

function orderService(adapter: string, unique: ClaimOptions<Events> | null = byNumber): ServiceSchema {
  const events = EventStore<Events>("events", {
    adapter,
    events: { "order.created": { payload: { number: "string|trim" } } },
  });
  const orders = Decider("order", {
    eventStore: events,
    initialState: () => ({ number: "" }),
    commands: {
      create: {
        params: { number: "string" },
        decide: (_state, { number }) => ({ type: "order.created", payload: { number } }),
      },
      rename: {
        params: { to: "string" },
        decide: ({ number }, { to }) => ({ type: "order.renamed", payload: { from: number, to } }),
      },
      swap: {
        params: { to: "string" },
        decide: ({ number }, { to }) => [
          { type: "order.deleted", payload: { number } },
          { type: "order.created", payload: { number: to } },
        ],
      },
      delete: { decide: ({ number }) => ({ type: "order.deleted", payload: { number } }) },
      note: { decide: () => ({ type: "order.noted" }) },
    },
    evolve: {
      "order.created": (_state, { payload }) => ({ number: payload.number }),
      "order.renamed": (_state, { payload }) => ({ number: payload.to }),
      "order.deleted": () => ({ number: "" }),
      "order.noted": (state) => state,
    },
    ...(unique && { claims: { number: unique } }),
  });
  return { name: "order", mixins: [events.mixin(), orders.mixin()] };
}

const adapters = { memory: () => "memory:", sqlite: () => `sqlite:${newFolder()}/events.db` };

const create = (broker: ServiceBroker, id: string, number: string): Promise<StoredAnswer> =>
  broker.call("order.create", { id, number });

const append = (broker: ServiceBroker, stream: string, type: string, payload: object) =>
  broker.call("events.append", { stream, events: [{ type, payload }] });

describe.each(Object.entries(adapters))("A claim on %s", (_engine, adapter) => {
  it("lets one of 100 concurrent commands have a value in whatever case", async () => {
    const broker = await startBroker([orderService(adapter())]);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        create(broker, String(index), index % 2 === 0 ? "No-ABC" : index % 3 === 0 ? "no-abc" : "NO-aBc"),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as object] : []));
    expect(refused).toEqual(
      refused.map(
        () =>
          expect.objectContaining({
            name: "DuplicateClaimError",
            type: "DUPLICATE_CLAIM",
            code: 409,
            claimant: `order-${winner}`,
            data: expect.objectContaining({ claim: "number" }) as object,
          }) as object,
      ),
    );
    expect(await broker.call("events.count")).toBe(1);
  });

  it("reports the value as it was given", async () => {
    const broker = await startBroker([orderService(adapter())]);
    await create(broker, "1", "No-1");
    expect(await refusal(() => create(broker, "2", "NO-1"))).toMatchObject({
      message: 'order/number: found "NO-1" claimed by another stream, expected unclaimed or claimed by "order-2"',
      data: { scope: "order/number", claim: "number", value: "NO-1", stream: "order-2" },
      claimant: "order-1",
    });
  });

  it("may be repeated by its own stream, and is free when it is released", async () => {
    const broker = await startBroker([orderService(adapter())]);
    await create(broker, "1", "A");
    await create(broker, "1", "a");
    await broker.call("order.rename", { id: "1", to: "B" });
    await create(broker, "2", "A");
    expect(await refusal(() => create(broker, "3", "b"))).toMatchObject({ claimant: "order-1" });
    await broker.call("order.swap", { id: "1", to: "b" });
    await broker.call("order.delete", { id: "1" });
    await create(broker, "3", "b");
  });

  it("is one of the payload as it is stored, sanitised by the catalogue", async () => {
    const broker = await startBroker([orderService(adapter())]);
    await create(broker, "1", "  A ");
    expect(await refusal(() => create(broker, "2", "A"))).toMatchObject({ type: "DUPLICATE_CLAIM" });
    await broker.call("order.delete", { id: "1" });
    await create(broker, "2", "A");
  });

  it("includes events that were appended without it, as soon as there is one", async () => {
    const broker = await startBroker([orderService(adapter())]);
    await create(broker, "1", "A");
    await append(broker, "order-2", "order.created", { number: "B" });
    expect(await refusal(() => create(broker, "3", "b"))).toMatchObject({ claimant: "order-2" });
    await append(broker, "order-2", "order.deleted", { number: "B" });
    await create(broker, "3", "b");
    expect(await refusal(() => create(broker, "4", "A"))).toMatchObject({ claimant: "order-1" });
  });

  it("counts events that were there before the rule was", async () => {
    const where = adapter();
    const broker = await startBroker([orderService(where, null)]);
    for (let index = 0; index < 20; index++) await create(broker, String(index), `N-${index}`);
    await create(broker, "again", "n-5");
    await broker.destroyService("order");
    broker.createService(orderService(where));
    await broker.waitForServices("order");
    const isKept = where !== "memory:";
    const claimant = isKept ? "order-5" : undefined;
    const outcome: unknown = await create(broker, "other", "n-5").catch((error: unknown) => error);
    expect((outcome as { claimant?: string }).claimant).toBe(claimant);
  });
});

describe("Claims", () => {
  it("that were lost are folded from the log again", async () => {
    const file = `${newFolder()}/events.db`;
    const one = await startBroker([orderService(`sqlite:${file}`)]);
    for (let index = 0; index < 5; index++) await create(one, String(index), `N-${index}`);
    await one.call("order.delete", { id: "4" });
    await one.stop();
    const db = new Database(file);
    expect(db.prepare("DELETE FROM claims").run().changes).toBe(4);
    db.prepare("DELETE FROM claim_scopes").run();
    db.close();
    const two = await startBroker([orderService(`sqlite:${file}`)]);
    expect(await refusal(() => create(two, "5", "n-2"))).toMatchObject({ claimant: "order-2" });
    await create(two, "5", "n-4");
  });

  it("of changed functions are folded from the log again", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const one = await startBroker([orderService(adapter)]);
    await create(one, "1", "A");
    await create(one, "2", "B");
    await one.stop();
    const changed: ClaimOptions<Events> = { claim: { "order.created": ({ payload }) => `${payload.number}!` } };
    const two = await startBroker([orderService(adapter, changed)]);
    expect(await refusal(() => create(two, "3", "B"))).toMatchObject({ claimant: "order-2", data: { value: "B!" } });
    await create(two, "3", "b");
  });

  it("that the log holds twice stay with the first, with a warning that names the others", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const one = await startBroker([orderService(adapter, null)]);
    for (const id of ["1", "2", "3"]) await create(one, id, "A");
    await one.stop();
    const logger = new LogLines();
    const two = await startBroker([orderService(adapter)], { logger: [logger] as never });
    expect(await refusal(() => create(two, "4", "a"))).toMatchObject({ claimant: "order-1" });
    expect(logger.of("warn", /claims values twice/)).toEqual([
      expect.stringMatching(/order\/number.*order-2.*order-3/s),
    ]);
  });

  it("are folded page by page where there are many", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const one = await startBroker([orderService(adapter, null)]);
    for (let page = 0; page < 5; page++)
      await one.call("events.append", {
        stream: `order-${page}`,
        events: Array.from({ length: 500 }, (_, index) => ({
          type: "order.created",
          payload: { number: `${page}/${index}` },
        })),
      });
    await one.stop();
    const two = await startBroker([orderService(adapter)]);
    for (let page = 0; page < 5; page++)
      expect(await refusal(() => create(two, "x", `${page}/499`))).toMatchObject({
        claimant: `order-${page}`,
      });
    await create(two, "x", "5/0");
  });

  it("that are no values are refused before anything is stored", async () => {
    const odd = { claim: { "order.created": () => ({}) } } as unknown as ClaimOptions<Events>;
    const broker = await startBroker([orderService("memory:", odd)]);
    expect(await refusal(() => create(broker, "1", "A"))).toMatchObject({
      type: "INVALID_DECISION",
      data: [{ field: "order/number: claim of order.created", actual: "an object" }],
    });
    expect(await broker.call("events.count")).toBe(0);
  });

  it("leave commands alone that they do not concern", async () => {
    const broker = await startBroker([orderService("memory:")]);
    await broker.call("order.note", { id: "1" });
    await create(broker, "1", "A");
    await broker.call("order.note", { id: "1" });
    expect(await refusal(() => create(broker, "2", "A"))).toMatchObject({ type: "DUPLICATE_CLAIM" });
  });

  it("may have the name of a property that every object has", async () => {
    const broker = await startBroker([orderService("memory:")]);
    for (const number of ["constructor", "__proto__"]) {
      const dryRun = { command: "create", params: { id: "1", number } };
      expect(await broker.call("order.dryRun", dryRun)).toMatchObject({ version: 1 });
    }
    await create(broker, "1", "__proto__");
    const dryRun = { command: "create", params: { id: "2", number: "__proto__" } };
    expect(await refusal(() => broker.call("order.dryRun", dryRun))).toMatchObject({ claimant: "order-1" });
  });

  it("whose function fails on an event of the log name it", async () => {
    const strict: ClaimOptions<Events> = {
      claim: {
        "order.created"({ payload }) {
          if (payload.number === "none") throw new TypeError("no number");
          return payload.number;
        },
      },
    };
    const broker = await startBroker([orderService("memory:", strict)]);
    await append(broker, "order-1", "order.created", { number: "none" });
    expect(await refusal(() => create(broker, "2", "A"))).toMatchObject({
      name: "DefinitionError",
      message: expect.stringMatching(/order\/number.*TypeError: no number.*order-1.*version 1/s) as string,
    });
  });
});

describe("The claims of events with many values", () => {
  const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `value ${from + index}`);

  function tagService(adapter: string): ServiceSchema {
    const events = EventStore("events", { adapter });
    const tags = Decider("tags", {
      eventStore: events,
      initialState: () => 0,
      commands: {
        add: { params: { values: "string[]" }, decide: (_, params) => ({ type: "tags.added", payload: params }) },
      },
      evolve: { "tags.added": (count) => count + 1 },
      claims: { tag: { claim: { "tags.added": ({ payload }) => (payload as { values: string[] }).values } } },
    });
    return { name: "tags", mixins: [events.mixin(), tags.mixin()] };
  }

  it("are folded in as many calls as they need", async () => {
    const broker = await startBroker([tagService("memory:")]);
    const ofEvent = (index: number) => ({ type: "tags.added", payload: { values: many(1000, index * 1000) } });
    await broker.call("events.append", { stream: "tags-a", events: Array.from({ length: 25 }, (_, n) => ofEvent(n)) });
    await broker.call("tags.add", { id: "b", values: ["free"] });
    for (const value of ["value 0", "value 12345", "value 24999"])
      expect(await refusal(() => broker.call("tags.add", { id: "b", values: [value] }))).toMatchObject({
        type: "DUPLICATE_CLAIM",
        data: { value },
      });
    const dryRun = (values: string[]) =>
      refusal(() => broker.call("tags.dryRun", { command: "add", params: { id: "b", values } }));
    expect(await dryRun([...many(999, 50_000), "value 24999"])).toMatchObject({ type: "DUPLICATE_CLAIM" });
  });

  it("are at most 1,000 of one event", async () => {
    const broker = await startBroker([tagService("memory:")]);
    expect(await refusal(() => broker.call("tags.add", { id: "a", values: many(1001) }))).toMatchObject({
      code: 422,
      data: [{ actual: "an array of 1001", expected: "at most 1000 values" }],
    });
    await broker.call("tags.add", { id: "a", values: many(1000) });
    expect(await broker.call("events.count")).toBe(1);
  });

  it.each<[string, string, object]>([
    ["claimants", "values", { scope: "s", definition: "d", values: many(1001) }],
    ["beginClaims", "types", { scope: "s", definition: "d", types: many(1001) }],
    [
      "foldClaims",
      "changes",
      {
        scope: "s",
        definition: "d",
        after: 0,
        position: 1,
        changes: many(10_001).map((value) => ({ value, claimed: true, stream: "a" })),
      },
    ],
    [
      "append",
      "claims.1.changes",
      {
        stream: "a",
        events: [{ type: "a", payload: 0 }],
        claims: [many(1), many(10_000)].map((values) => ({
          scope: "s",
          definition: "d",
          changes: values.map((value) => ({ value, claimed: true })),
        })),
      },
    ],
  ])("are bounded in a call of %s", async (action, field, params) => {
    const broker = await startBroker([tagService("memory:")]);
    expect(await refusal(() => broker.call(`$events.${action}`, params, spoken))).toMatchObject({
      code: 422,
      data: [{ field }],
    });
  });
});
