import { randomUUID } from "node:crypto";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { consumers, parkedOf, place, Shop } from "../support/order-releases.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const cause = "position 3 needs a release that knows order.placed version 2";

const statusOf = (broker: ServiceBroker, name: string): Promise<object> => broker.call(`${name}.status`);

const waits = (broker: ServiceBroker, names: readonly string[] = consumers) =>
  eventually(async () => {
    for (const name of names)
      expect(await statusOf(broker, name)).toMatchObject({ state: "waiting", cause, position: 2, parked: 0 });
  });

const files = () => {
  const folder = newFolder();
  return { log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/orders.db` };
};

/** A log on which a release begins and ends: two orders of the older one, one of the newer one, two of the older one. */
async function afterARollback() {
  const place_ = files();
  const first = await startBroker(new Shop(1, place_).services);
  for (const name of consumers) await first.call(`${name}.pause`);
  await first.call("events.pausePump");
  await place(first, "1", 10);
  await place(first, "2", 20);
  await first.stop();
  const second = await startBroker(new Shop(2, place_).services);
  await place(second, "3", 30);
  await second.stop();
  const shop = new Shop(1, place_);
  const broker = await startBroker(shop.services);
  await place(broker, "4", 40);
  await broker.call("events.resumePump");
  for (const name of consumers) await broker.call(`${name}.resume`);
  const newer = async () =>
    (await eventsIn<RecordedEvent>(broker.call("events.read", { raw: true, after: 2, limit: 1 })))[0]!.id;
  return { broker, shop, place: place_, newer };
}

describe("An older release alone on a log with an event of a newer one", () => {
  it("waits before the event, parks nothing, and serves reads", async () => {
    const { broker, shop } = await afterARollback();
    await waits(broker);
    expect(await parkedOf(broker)).toEqual([]);
    expect(shop.handled).toEqual(["order-1 10", "order-2 20"]);
    await eventually(async () => {
      expect(await statusOf(broker, "events")).toMatchObject({ state: "waiting", cause, pump: { position: 2 } });
      expect(shop.heard).toEqual(["order-1 10", "order-2 20"]);
    });
    expect(await broker.call("orders.find", { sort: "id" })).toMatchObject([{ amount: 10 }, { amount: 20 }]);
    const late = await refusal(() => broker.call("orders.find", {}, { meta: { readAfter: { events: 4 } } }));
    expect(late).toMatchObject({ type: "NOT_CAUGHT_UP", message: expect.stringContaining(cause) as string });
    expect(await refusal(() => broker.call("events.read"))).toMatchObject({
      type: "NEWER_EVENT",
      code: 503,
      retryable: true,
      message: cause,
    });
    expect(await broker.call("events.verify")).toMatchObject({
      ok: true,
      unchecked: [{ field: "payload", why: cause }],
    });
  });

  it("counts the events that it cannot read, by their stored versions", async () => {
    const { broker } = await afterARollback();
    const stored = (version: number) =>
      broker.call("events.count", { query: { type: "order.placed", "meta.schemaVersion": version } });
    expect(await stored(2)).toBe(1);
    expect(await stored(3)).toBe(0);
  });

  it("refuses commands of the event's entity alone, as retryable", async () => {
    const { broker } = await afterARollback();
    const error = { type: "NEWER_EVENT", code: 503, retryable: true, message: cause };
    expect(await refusal(() => place(broker, "3", 31))).toMatchObject(error);
    expect(await refusal(() => broker.call("order.state", { id: "3" }))).toMatchObject(error);
    await place(broker, "2", 21);
    expect(await broker.call("events.count", { query: { type: "order.placed" } })).toBe(5);
  });

  it("refuses the repeat of the event's append, as retryable: the contents cannot be compared", async () => {
    const { broker, newer } = await afterARollback();
    const repeat = { id: await newer(), type: "order.placed", payload: { total: 30 } };
    expect(await refusal(() => broker.call("events.append", { stream: "order-3", events: [repeat] }))).toMatchObject({
      type: "NEWER_EVENT",
      retryable: true,
    });
    expect(await refusal(() => broker.call("events.append", { stream: "order-9", events: [repeat] }))).toMatchObject({
      type: "EVENT_ID_REUSED",
    });
  });

  it("refuses tables of a past that contains the event, and builds those before it", async () => {
    const { broker } = await afterARollback();
    await waits(broker, ["orders"]);
    expect(await broker.call("orders.at", { position: 2, sort: "id" })).toMatchObject({ rows: [{ amount: 10 }, {}] });
    expect(await refusal(() => broker.call("orders.at", { position: 4 }))).toMatchObject({ type: "NEWER_EVENT" });
  });

  it("waits with a rebuild before the event, too, and completes it when the event is skipped", async () => {
    const { broker, newer } = await afterARollback();
    await waits(broker, ["orders"]);
    const { requestId } = await broker.call<{ requestId: string }, object>("orders.rebuild", { wait: false });
    expect(requestId).toEqual(expect.any(String));
    await eventually(async () =>
      expect(await statusOf(broker, "orders")).toMatchObject({
        state: "waiting",
        cause,
        position: 2,
        rebuilding: { done: 2 },
      }),
    );
    await broker.call("orders.skip", { id: await newer() });
    await eventually(async () =>
      expect(await statusOf(broker, "orders")).toMatchObject({ state: "live", lag: 0, rebuilding: null }),
    );
    expect(await broker.call("orders.count")).toBe(3);
  });

  it("passes the event that an operator skips, and waits for no other", async () => {
    const { broker, shop, newer } = await afterARollback();
    await waits(broker);
    const id = await newer();
    expect(await refusal(() => broker.call("mails.skip", { id: randomUUID() }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
    });
    for (const name of consumers) {
      expect(await broker.call(`${name}.skip`, { id, reason: "rolled back" })).toMatchObject({ skipped: id });
      await caughtUp(broker, name);
      expect(await statusOf(broker, name)).toMatchObject({ cause: null });
    }
    expect(shop.handled).toEqual(["order-1 10", "order-2 20", "order-4 40"]);
    expect(await broker.call("orders.count")).toBe(3);
  });

  it("leaves the event to the newer release, which goes on from there", async () => {
    const { broker, place: where } = await afterARollback();
    await waits(broker);
    await broker.stop();
    const shop = new Shop(2, where);
    const second = await startBroker(shop.services);
    await second.call("order.ship", { id: "1" });
    for (const name of consumers) await caughtUp(second, name);
    expect(await parkedOf(second)).toEqual([]);
    expect(shop.handled).toEqual(["order-3 30", "order-4 40", "order-1 order.shipped"]);
    await eventually(() => expect(shop.heard).toEqual(shop.handled));
    expect(await second.call("events.count", { query: { type: "bill.added" } })).toBe(4);
    expect(await second.call("orders.verify")).toMatchObject({ ok: true, rows: 4 });
  });
});

describe("A type that the catalogue of an older release refuses", () => {
  it("is waited for by those consumers whose patterns map it", async () => {
    const where = files();
    const second = await startBroker(new Shop(2, where).services);
    await second.call("events.pausePump");
    await second.call("order.ship", { id: "1" });
    await second.stop();
    const broker = await startBroker(new Shop(1, { log: where.log }).services);
    await broker.call("events.resumePump");
    await place(broker, "2", 20);
    const needed = "position 1 needs a release that knows order.shipped version 1";
    await eventually(async () => {
      for (const name of ["orders", "events"])
        expect(await statusOf(broker, name)).toMatchObject({ state: "waiting", cause: needed });
      expect(await broker.call("events.count", { query: { type: "bill.added" } })).toBe(1);
    });
    expect(await statusOf(broker, "billing")).toMatchObject({ cause: null });
  });
});

describe("Two releases on two nodes", () => {
  /** The first one hosts the store's file, the second one calls it. */
  async function nodes(hosting: 1 | 2, calling: 1 | 2) {
    const namespace = randomUUID();
    const start = async (nodeID: string, shop: Shop) => ({
      shop,
      broker: await startBroker(shop.services, { nodeID, namespace, transporter: "Fake" }),
    });
    const host = await start("hosting", new Shop(hosting, { log: memory(), leaseMs: 1000 }));
    const caller = await start("calling", new Shop(calling, { leaseMs: 1000 }));
    for (const { broker } of [host, caller]) await broker.waitForServices(["events", "$events"], 10_000, 10);
    return { host, caller };
  }

  it("read each event as their own release does, whichever hosts the store", async () => {
    const { host, caller } = await nodes(1, 2);
    await place(host.broker, "1", 10);
    for (const { broker } of [host, caller]) {
      await eventually(async () => expect(await broker.call("orders.find")).toMatchObject([{ amount: 10 }]));
      expect(await broker.call("order.state", { id: "1" })).toMatchObject({ state: 1 });
    }
  });

  it("give the work of a subscription and a process manager to the newer one", async () => {
    const { host, caller } = await nodes(2, 1);
    for (const [index, { broker }] of [host, caller, host, caller].entries()) await place(broker, `${index}`, index);
    const all = ["order-0 0", "order-1 1", "order-2 2", "order-3 3"];
    await eventually(async () => {
      expect([...host.shop.handled, ...caller.shop.handled].toSorted()).toEqual(all);
      expect(await host.broker.call("events.count", { query: { type: "bill.added" } })).toBe(4);
    });
    expect(await parkedOf(host.broker)).toEqual([]);
    // The older node's own copy of the table has no other host that could fold it.
    await eventually(async () => {
      const status = await caller.broker.call<object, object>("orders.status", {}, { nodeID: "calling" });
      expect(status).toMatchObject({ state: "waiting" });
    });
  });

  it("serve a command of an entity on the node that can read it, with the params that were sent", async () => {
    const { host, caller } = await nodes(2, 1);
    await place(host.broker, "1", 10);
    const headers = { commandId: "c-1" };
    const noted = await caller.broker.call("order.note", { id: 1 }, { headers });
    expect(noted).toMatchObject({ version: 2, repeated: false, events: [{ payload: { text: "none" } }] });
    const again = await host.broker.call("order.note", { id: 1 }, { headers });
    expect(again).toMatchObject({ version: 2, repeated: true });
    expect(await caller.broker.call("order.state", { id: "1" })).toMatchObject({ state: 2 });
  });
});

describe("A stream that an older release has parked behind a failure", () => {
  it("is handled by the newer one as soon as it begins, if the older one was too old for it", async () => {
    const where = files();
    const failing = new Shop(1, {
      ...where,
      handle: () => {
        throw new Error("no");
      },
    });
    const first = await startBroker(failing.services);
    await place(first, "1", 10);
    await eventually(async () => expect(await statusOf(first, "mails")).toMatchObject({ parked: 1 }));
    await first.call("mails.pause");
    await first.stop();
    const second = await startBroker(new Shop(2, where).services);
    await place(second, "1", 11);
    await second.call("mails.resume");
    await eventually(async () => expect(await statusOf(second, "mails")).toMatchObject({ waiting: 1 }));
    await second.stop();

    const older = new Shop(1, where);
    const third = await startBroker(older.services);
    await third.call("mails.retry");
    expect(older.handled).toEqual(["order-1 10"]);
    expect(await third.call("mails.parked")).toMatchObject({ events: [{ error: { type: "NEWER_EVENT" } }] });
    await third.stop();

    const newer = new Shop(2, where);
    const fourth = await startBroker(newer.services);
    await eventually(async () => {
      expect(newer.handled).toEqual(["order-1 11"]);
      expect(await parkedOf(fourth)).toEqual([]);
    });
  });
});
