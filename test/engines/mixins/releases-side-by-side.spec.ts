import { randomUUID } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import { nats } from "../../../adapters/nats/nats.ts";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import type { Adapter } from "../../../core/adapter.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { parkedOf, place, Shop } from "../../support/order-releases.ts";

afterEach(cleanUp);

const engines: Record<"nats-server" | "postgres", (url: string, folder: string) => Adapter> = {
  "nats-server": (url, folder) => nats(url, { folder }),
  postgres: (url) => postgres(url),
};

const leased = ["mails", "billing"] as const;

interface Node {
  broker: ServiceBroker;
  shop: Shop;
}

/** Until then the older node refuses, as retryable, what only the newer one can read. */
const known = (broker: ServiceBroker, nodeID: string) =>
  eventually(() => {
    const services = broker.registry.getServiceList({ onlyAvailable: true }) as unknown as object[];
    expect(services).toContainEqual(expect.objectContaining({ name: "order", nodeID }));
  });

const here = (broker: ServiceBroker, name: string): Promise<object> =>
  broker.call<object, object>(`${name}.status`, {}, { nodeID: broker.nodeID });

for (const engine of ["nats-server", "postgres"] as const)
  describeWith(engine, `Two releases side by side on ${engine}`, (server) => {
    let namespace: string;
    const start = async (release: 1 | 2, table?: Adapter): Promise<Node> => {
      const log = engines[engine](server().url, newFolder());
      const shop = new Shop(release, { log, leaseMs: 1000, ...(table && { table }) });
      const broker = await startBroker(shop.services, { nodeID: `release-${release}`, namespace, transporter: "Fake" });
      return { broker, shop };
    };
    /** The orders that the handlers of both nodes got. */
    const handledBy = (...nodes: Node[]) => nodes.flatMap(({ shop }) => shop.handled);
    const heardBy = (...nodes: Node[]) => nodes.flatMap(({ shop }) => shop.heard.map((one) => one.split(" ")[0]!));

    beforeEach(() => {
      namespace = randomUUID();
    });

    it("lose nothing, park nothing and keep each stream's order while the older one holds every lease and writes", async () => {
      const older = await start(1);
      await place(older.broker, "0", 0);
      await eventually(() => expect(handledBy(older)).toEqual(["order-0 0"]));
      const newer = await start(2);
      const all = ["order-0 0"];
      for (let index = 1; index <= 30; index++) {
        const { broker } = index % 2 === 0 ? older : newer;
        await place(broker, `${index}`, index);
        all.push(`order-${index} ${index}`);
      }
      await known(older.broker, "release-2");
      // A type that the older release does not have, and a command of an entity with events of both.
      await newer.broker.call("order.ship", { id: "2" });
      await older.broker.call("order.note", { id: "1" });
      all.push("order-2 order.shipped", "order-1 order.noted");
      await eventually(async () => {
        expect(handledBy(older, newer)).toHaveLength(all.length);
        expect(await newer.broker.call("events.count", { query: { type: "bill.added" } })).toBe(31);
        expect(heardBy(older, newer)).toHaveLength(all.length);
      });
      expect(handledBy(older, newer)).toEqual(expect.arrayContaining(all));
      expect(await parkedOf(newer.broker)).toEqual([]);
      await caughtUp(newer.broker, "orders");
      expect(await newer.broker.call("orders.verify")).toMatchObject({ ok: true, rows: 31 });
      // Only the older node's own copy of the table waits: no other node can fold it.
      expect(await here(older.broker, "orders")).toMatchObject({
        state: "waiting",
        cause: expect.stringMatching(/^position \d+ needs a release that knows order.placed version 2$/) as string,
      });
    });

    it("let the older one alone wait at the first event that it does not know, and the newer one go on from there", async () => {
      const older = await start(1);
      const newer = await start(2);
      for (const name of leased) await older.broker.call(`${name}.pause`);
      await older.broker.call("events.pausePump");
      const before = await older.broker.call<number>("events.count");
      await place(older.broker, "a", 1);
      await place(newer.broker, "b", 2);
      await place(older.broker, "c", 3);
      await newer.broker.stop();
      for (const name of leased) await older.broker.call(`${name}.resume`);
      await older.broker.call("events.resumePump");
      const cause = `position ${before + 2} needs a release that knows order.placed version 2`;
      await eventually(async () => {
        for (const name of leased)
          expect(await here(older.broker, name)).toMatchObject({ state: "waiting", cause, position: before + 1 });
        expect(await here(older.broker, "events")).toMatchObject({ cause, pump: { position: before + 1 } });
      });
      expect(await parkedOf(older.broker)).toEqual([]);
      // A read of the older node's own copy of the table, which is at the first event of the newer release.
      expect(await older.broker.call("orders.find", { limit: 1, sort: "amount" })).toHaveLength(1);
      const back = await start(2);
      await eventually(() => {
        expect(handledBy(older, back).filter((one) => /^order-[abc]/.test(one))).toEqual([
          "order-a 1",
          "order-b 2",
          "order-c 3",
        ]);
        expect(
          heardBy(older, back)
            .filter((one) => /^order-[abc]/.test(one))
            .toSorted(),
        ).toEqual(["order-a", "order-b", "order-c"]);
      });
      expect(await parkedOf(back.broker)).toEqual([]);
    });
  });

describeWith("postgres", "Two releases that share a table", (server) => {
  it("each fold their rows; what the older one cannot read is read on the newer one", async () => {
    const namespace = randomUUID();
    const start = async (release: 1 | 2, nodeID: string): Promise<ServiceBroker> => {
      const shop = new Shop(release, {
        log: postgres(server().url),
        table: postgres(server().url),
        leaseMs: 1000,
      });
      return startBroker(shop.services, { nodeID, namespace, transporter: "Fake" });
    };
    const rowsOn = (broker: ServiceBroker, position: number): Promise<object[]> =>
      broker.call(
        "orders.find",
        { query: { id: { $in: ["older", "newer"] } }, sort: "amount" },
        { nodeID: broker.nodeID, meta: { readAfter: { events: position } } },
      );
    const older = await start(1, "older");
    const standby = await start(1, "standby");
    await place(older, "older", 10);
    await eventually(async () => expect(await here(older, "orders")).toMatchObject({ state: "live", lag: 0 }));
    const newer = await start(2, "newer");
    await place(newer, "newer", 20);
    await known(older, "newer");
    await known(standby, "newer");
    await eventually(async () => {
      expect(await here(newer, "orders")).toMatchObject({ state: "live", lag: 0, stale: false, parked: 0 });
      expect(await here(older, "orders")).toMatchObject({
        state: "waiting",
        cause: expect.stringMatching(/needs a release that knows order.placed version 2$/) as string,
      });
    });
    const { head } = (await here(newer, "events")) as { head: number };
    for (const broker of [newer, older, standby])
      expect(await rowsOn(broker, head)).toMatchObject([{ amount: 10 }, { amount: 20 }]);
    // A plain read, too, on the node that folds the older rows and on its standby.
    for (const broker of [older, standby])
      await eventually(async () => expect(await rowsOn(broker, 0)).toMatchObject([{ amount: 10 }, { amount: 20 }]));
    await newer.stop();
    for (const broker of [older, standby]) expect(await rowsOn(broker, 0)).toMatchObject([{ amount: 10 }]);
    for (const broker of [older, standby])
      expect(await refusal(() => rowsOn(broker, head))).toMatchObject({
        type: "NOT_CAUGHT_UP",
        message: expect.stringMatching(/needs a release that knows order.placed version 2/) as string,
      });
  });

  it("refuse a reader of what the older one cannot read at once, while the newer one has much to fold", async () => {
    const namespace = randomUUID();
    const gate = Promise.withResolvers<void>();
    const start = async (release: 1 | 2, nodeID: string): Promise<ServiceBroker> => {
      const fold = () => (release === 2 ? gate.promise : null);
      const [log, table] = ["many", "many_orders"].map((schema) => postgres(server().url, { schema })) as [
        Adapter,
        Adapter,
      ];
      return startBroker(new Shop(release, { log, table, fold }).services, {
        nodeID,
        namespace,
        transporter: "Fake",
      });
    };
    const older = await start(1, "older");
    await place(older, "a", 10);
    await eventually(async () => expect(await here(older, "orders")).toMatchObject({ state: "live", lag: 0 }));
    const newer = await start(2, "newer");
    await known(older, "newer");
    await newer.call("order.place", { id: "b", amount: 20 }, { nodeID: "newer" });
    await eventually(async () => expect(await here(older, "orders")).toMatchObject({ state: "waiting" }));
    const events = Array.from({ length: 1000 }, () => ({ type: "order.noted", payload: { text: "many" } }));
    for (let page = 0; page < 11; page++) await newer.call("events.append", { stream: `order-${page}`, events });
    const { head: position } = (await here(newer, "events")) as { head: number };
    for (const { nodeID } of [newer, older])
      expect(
        await refusal(() => newer.call("orders.count", {}, { nodeID, meta: { readAfter: { events: position } } })),
      ).toMatchObject({
        type: "NOT_CAUGHT_UP",
        message: expect.stringMatching(/those of the current one are folded up to 0 of 11\d{3}/) as string,
      });
    gate.resolve();
  });
});
