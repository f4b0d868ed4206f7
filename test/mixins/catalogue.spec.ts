import {
  Aggregate,
  EventStore,
  type StoredAnswer,
  type EventCatalogue,
  type ParkedEvent,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { v7 } from "uuid";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const first: EventCatalogue = {
  "account.opened": { payload: { name: "string|trim" } },
  "account.closed": { payload: { reason: "string?" } },
};

/** An upgrade: the name becomes the owner, which has a city. */
const second: EventCatalogue = {
  ...first,
  "account.opened": {
    schemaVersion: 2,
    payload: { owner: "string|trim", city: "string|default:Wanaka" },
    upcasters: { 1: ({ name }) => ({ owner: name }) },
  },
};

interface Options {
  folder?: string;
  events?: EventCatalogue;
  unknownTypes?: "refuse";
  logger?: LogLines;
}

/** A service with a store and a table of owners; `heard` contains the events that its listener receives. */
async function start({ folder = newFolder(), events, unknownTypes, logger }: Options = {}) {
  const heard: RecordedEvent[] = [];
  const store = EventStore("events", {
    adapter: `sqlite:${folder}/events.db`,
    ...(events && { events }),
    ...(unknownTypes && { unknownTypes }),
  });
  const owners = Aggregate("owners", {
    eventStore: store,
    fields: { owner: "string", city: "string", stream: "string" },
    onError: { retries: 3, delayMs: 60_000 },
  })
    .on("account.opened")
    .create(({ id, payload, stream }) => ({ id, ...payload, stream }));
  const account: ServiceSchema = {
    name: "account",
    mixins: [store.mixin(), owners.mixin()],
    actions: {
      open: store.mapAction("account.opened", { params: { $$strict: false }, stream: "new" }),
    },
    events: { "account.*": (ctx: Context<RecordedEvent>) => void heard.push(ctx.params) },
  };
  const broker = await startBroker([account], logger ? { logger } : {});
  return { broker, heard, folder };
}

const append = (
  broker: ServiceBroker,
  payload: unknown,
  { id, ...rest }: { id?: string; stream?: string; type?: string; meta?: object } = {},
): Promise<StoredAnswer> => {
  const { stream = "account-1", type = "account.opened", meta } = rest;
  return broker.call("events.append", { stream, events: [{ id, type, payload, meta }] });
};

/**
 * A log from before the upgrade, without a table: of three accounts, the second has no name, as payloads were not
 * checked.
 */
async function oldLog(): Promise<{ folder: string; ids: string[] }> {
  const folder = newFolder();
  const store = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const broker = await startBroker([{ name: "account", mixins: [store.mixin()] }]);
  const ids: string[] = [];
  for (const [stream, payload] of [
    ["account-1", { name: "Ann" }],
    ["account-2", { nick: "Bob" }],
    ["account-2", { name: "Bea" }],
    ["account-3", { name: "Cid" }],
  ] as const)
    ids.push((await append(broker, payload, { stream })).events[0]!.id);
  await broker.stop();
  return { folder, ids };
}

const payloads = (events: readonly RecordedEvent[]) => events.map(({ payload }) => payload);
const versions = (events: readonly RecordedEvent[]) => events.map(({ meta }) => meta["schemaVersion"]);

describe("A store with a catalogue", () => {
  it("refuses what does not fit, with every problem, and stores nothing", async () => {
    const { broker } = await start({ events: second, unknownTypes: "refuse" });
    const error = await refusal(() =>
      broker.call("events.append", {
        stream: "account-1",
        events: [
          { type: "account.opened", payload: { owner: 5, city: [] } },
          { type: "account.lost", payload: {} },
        ],
      }),
    );
    expect(error).toMatchObject({ name: "ValidationError", code: 422, type: "VALIDATION_ERROR" });
    expect((error.data as { message: string }[]).map(({ message }) => message)).toEqual([
      "events.0.payload.owner: found 5, expected a string",
      "events.0.payload.city: found an array of 0, expected a string",
      'events.1.type: found "account.lost", expected a type of the catalogue: account.opened, account.closed',
    ]);
    expect(await broker.call("events.count")).toBe(0);
  });

  it("stores and answers what the schema makes of a payload, with its version", async () => {
    const { broker, heard } = await start({ events: second });
    const params = { owner: " Ann " };
    const { events: stored }: StoredAnswer = await broker.call("account.open", params);
    expect(stored).toMatchObject([{ payload: { owner: "Ann", city: "Wanaka" }, meta: { schemaVersion: 2 } }]);
    expect(params).toEqual({ owner: " Ann " });
    expect(await eventsIn(broker.call("events.read", { raw: true }))).toEqual(stored);
    await eventually(() => expect(heard).toEqual(stored));
  });

  it("stores other types as they are, unless they are refused", async () => {
    const { broker } = await start({ events: second });
    const { events } = await append(broker, { any: "thing" }, { type: "account.noted" });
    expect(events[0]).toMatchObject({ payload: { any: "thing" } });
    expect(events[0]!.meta).not.toHaveProperty("schemaVersion");
  });

  it("takes the events of a service that still writes the older version", async () => {
    const { broker } = await start({ events: second });
    // Its own definition on another node: it calls the store that the first node hosts.
    const older = EventStore("events", { events: first, host: false });
    broker.createService({
      name: "older",
      actions: { open: older.mapAction("account.opened", { params: { $$strict: false }, stream: "new" }) },
    });
    await broker.waitForServices("older", 0, 5);
    const { events: stored }: StoredAnswer = await broker.call("older.open", { name: "Ann" });
    expect(stored).toMatchObject([{ payload: { owner: "Ann", city: "Wanaka" }, meta: { schemaVersion: 2 } }]);
    expect(await eventsIn(broker.call("events.read", { raw: true }))).toMatchObject([
      { payload: { name: "Ann" }, meta: { schemaVersion: 1 } },
    ]);
    const error = await refusal(() => broker.call("older.open", { name: 5 }));
    expect(error.message).toMatch(
      /^events.0.payload: found an object, expected a payload of schema version 1 that can/,
    );
  });

  it.each([
    ["accept", "accepted"],
    ["refuse", "events: needs a release that knows account.lost version 1"],
  ])(
    "refuses the events of a service that is newer than itself, as retryable: unknown types %s",
    async (unknownTypes, ofOtherTypes) => {
      const { broker } = await start({ events: first, ...(unknownTypes === "refuse" && { unknownTypes }) });
      const newer = EventStore("events", { events: second, host: false });
      broker.createService({
        name: "newer",
        actions: { open: newer.mapAction("account.opened", { params: { $$strict: false }, stream: "new" }) },
      });
      await broker.waitForServices("newer", 0, 5);
      expect(await refusal(() => broker.call("newer.open", { owner: "Ann" }))).toMatchObject({
        type: "STORE_UNAVAILABLE",
        retryable: true,
        message: "events: needs a release that knows account.opened version 2",
      });
      const lost = { type: "account.lost", payload: {}, meta: { schemaVersion: 1 } };
      const message = await broker.call("events.append", { stream: "account-9", events: [lost] }).then(
        () => "accepted",
        (error: unknown) => (error as Error).message,
      );
      expect(message).toBe(ofOtherTypes);
    },
  );
});

describe("An older log under a newer catalogue", () => {
  const today = { owner: "Ann", city: "Wanaka" };

  it("is read as of today by every read action", async () => {
    const { folder, ids } = await oldLog();
    const { broker } = await start({ folder, events: second });
    const id = ids[0]!;
    const whole = { payload: today, meta: { schemaVersion: 2 } };
    expect(await eventsIn(broker.call("events.read", { limit: 1 }))).toMatchObject([whole]);
    expect(await eventsIn(broker.call("events.read", { stream: "account-1" }))).toMatchObject([whole]);
    expect(await broker.call("events.get", { id })).toMatchObject(whole);
    expect(await broker.call("events.get", { id: [id] })).toMatchObject([whole]);
    expect(await broker.call("events.resolve", { id, mapping: true })).toMatchObject({ [id]: whole });
    expect(await broker.call("events.find", { query: { stream: "account-1" } })).toMatchObject([whole]);
    expect(await broker.call("events.list", { query: { stream: "account-1" } })).toMatchObject({ rows: [whole] });
    // Queries use the stored payload.
    expect(await broker.call("events.find", { query: { "payload.name": "Cid" } })).toMatchObject([
      { payload: { owner: "Cid" } },
    ]);
  });

  it("is read as it is stored with raw", async () => {
    const { folder } = await oldLog();
    const { broker } = await start({ folder, events: second });
    const stored: RecordedEvent[] = await eventsIn(broker.call("events.read", { raw: true }));
    expect(payloads(stored)).toEqual([{ name: "Ann" }, { nick: "Bob" }, { name: "Bea" }, { name: "Cid" }]);
    expect(versions(stored)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("says which event it cannot read, wherever it is asked for", async () => {
    const { folder, ids } = await oldLog();
    const { broker } = await start({ folder, events: second });
    const [, id] = ids;
    for (const [action, params] of [
      ["read", {}],
      ["read", { stream: "account-2" }],
      ["get", { id }],
      ["resolve", { id }],
      ["find", { query: { stream: "account-2" } }],
      ["list", {}],
    ] as const) {
      const error = await refusal(() => broker.call(`events.${action}`, params));
      expect(error).toMatchObject({
        type: "UPCAST_FAILED",
        code: 500,
        retryable: false,
        data: { id, type: "account.opened", position: 2, stream: "account-2", schemaVersion: 1 },
      });
      expect(error.message).toContain(`event ${id} (account.opened, position 2, schema version 1)`);
    }
    expect(await broker.call("events.count")).toBe(4);
  });

  it("recognises the repeat of an append from before the upgrade, and answers it as of today", async () => {
    const { folder, ids } = await oldLog();
    const { broker } = await start({ folder, events: second });
    const [id] = ids;
    const expected = {
      repeated: true,
      version: 1,
      position: 1,
      events: [{ id, payload: today, meta: { schemaVersion: 2 } }],
    };
    expect(await append(broker, { owner: " Ann" }, { id: id! })).toMatchObject(expected);
    expect(await append(broker, { name: "Ann" }, { id: id!, meta: { schemaVersion: 1 } })).toMatchObject(expected);
    expect(await refusal(() => append(broker, { owner: "Bob" }, { id: id! }))).toMatchObject({
      type: "EVENT_ID_REUSED",
    });
  });

  it("answers a repeat whose event cannot be read as it is stored", async () => {
    const { broker, folder } = await start();
    const id = v7();
    await append(broker, { nick: "Bob" }, { id });
    await broker.stop();
    const lenient = {
      ...second,
      "account.opened": {
        schemaVersion: 2,
        upcasters: {
          1: () => {
            throw new Error("no name");
          },
        },
      },
    };
    const upgraded = await start({ folder, events: lenient });
    const answer = await append(upgraded.broker, { nick: "Bob" }, { id });
    expect(answer).toMatchObject({ repeated: true, events: [{ payload: { nick: "Bob" } }] });
  });

  it("is handed to listeners as of today; of what cannot be read the operator gets one warning", async () => {
    const { broker, folder } = await start();
    await broker.call("events.pausePump");
    for (const payload of [{ name: "Ann" }, { nick: "Bob" }, { name: "Cid" }]) await append(broker, payload);
    await broker.stop();
    const logger = new LogLines();
    const upgraded = await start({ folder, events: second, logger });
    await upgraded.broker.call("events.resumePump");
    await eventually(() => expect(payloads(upgraded.heard)).toEqual([today, { ...today, owner: "Cid" }]));
    expect(versions(upgraded.heard)).toEqual([2, 2]);
    expect(upgraded.heard.every((event) => Object.isFrozen(event.payload) && Object.isFrozen(event.meta))).toBe(true);
    await eventually(async () =>
      expect(await upgraded.broker.call("events.status")).toMatchObject({ pump: { lag: 0 } }),
    );
    const warnings = logger.of("warn", /cannot be upcast/);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/position: 2[\s\S]*payload.owner: found undefined/);
  });
});

describe("A table over an older log", () => {
  const ownersOf = async (broker: ServiceBroker) => {
    const rows: { owner: string }[] = await broker.call("owners.find", { sort: "owner" });
    return rows.map(({ owner }) => owner);
  };
  const parkedOf = (broker: ServiceBroker): Promise<ParkedEvent[]> => eventsIn(broker.call("owners.parked"));

  async function upgradeTo(events: EventCatalogue, folder: string): Promise<ServiceBroker> {
    const { broker } = await start({ folder, events });
    await caughtUp(broker, "owners");
    return broker;
  }

  it("parks what cannot be read at once, without a retry; only its stream waits behind it", async () => {
    const { folder, ids } = await oldLog();
    const broker = await upgradeTo(second, folder);
    expect(await ownersOf(broker)).toEqual(["Ann", "Cid"]);
    expect(await parkedOf(broker)).toMatchObject([
      {
        id: ids[1],
        position: 2,
        attempts: 1,
        error: {
          name: "UpcastFailedError",
          type: "UPCAST_FAILED",
          code: 500,
          message: expect.stringContaining("payload.owner: found undefined") as string,
        },
      },
      { id: ids[2], position: 3, attempts: 0, error: null },
    ]);
  });

  it("leaves it parked on a retry, with an attempt more and no outage, and folds it after an upgrade", async () => {
    const { folder, ids } = await oldLog();
    const broker = await upgradeTo(second, folder);
    expect(await broker.call("owners.retry")).toEqual({ folded: 0, parked: 2 });
    expect(await parkedOf(broker)).toMatchObject([
      { id: ids[1], attempts: 2, error: { type: "UPCAST_FAILED" } },
      { id: ids[2], attempts: 0, error: null },
    ]);
    expect(await broker.call("owners.status")).toMatchObject({ state: "live", cause: null, parked: 2 });
    await broker.stop();

    const mended = {
      ...second,
      "account.opened": {
        ...second["account.opened"],
        upcasters: { 1: ({ name, nick }: Record<string, unknown>) => ({ owner: name ?? nick }) },
      },
    };
    const upgraded = await upgradeTo(mended, folder);
    expect(await upgraded.call("owners.retry", { id: ids[1] })).toEqual({ folded: 2, parked: 0 });
    expect(await ownersOf(upgraded)).toEqual(["Ann", "Bea", "Bob", "Cid"]);
  });

  it("folds what comes before one that still cannot be read", async () => {
    const { folder, ids } = await oldLog();
    const broker = await upgradeTo(second, folder);
    await append(broker, { name: "Bert" }, { stream: "account-2", meta: { schemaVersion: 1 } });
    await caughtUp(broker, "owners");
    await broker.stop();
    const partly = {
      ...second,
      "account.opened": {
        ...second["account.opened"],
        upcasters: {
          1({ name, nick }: Record<string, unknown>) {
            if (name === "Bea") throw new Error("not yet");
            return { owner: name ?? nick };
          },
        },
      },
    };
    const upgraded = await upgradeTo(partly, folder);
    expect(await upgraded.call("owners.retry", { stream: "account-2" })).toEqual({ folded: 1, parked: 2 });
    expect(await parkedOf(upgraded)).toMatchObject([
      { id: ids[2], attempts: 1, error: { message: expect.stringContaining("not yet") as string } },
      { attempts: 0, error: null },
    ]);
  });
});
