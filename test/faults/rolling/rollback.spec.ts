import { cleanUp, eventually } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { killChildren } from "../child.ts";
import { expectNothingLost, expectNothingParked, expectTables } from "./checks.ts";
import { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { consumers, leased, tables } from "./shop.ts";
import { natsSite, postgresSite, sqliteSite, storeNode } from "./sites.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

interface Placed {
  position: number;
  events: { id: string }[];
}

const place = (deploy: Deploy, { nodeID }: ShopNode, id: string): Promise<Placed> =>
  deploy.client.call<Placed, object>("order.place", { id, euros: 7 }, { nodeID });

/** The consumers that map the type whose schema version has risen. */
const waiting = ["orders", ...leased] as const;

/** Waits until the older release, alone, is at the event. */
const waitsAt = (deploy: Deploy, node: ShopNode, position: number, names: readonly string[]) =>
  eventually(async () => {
    const cause = `position ${position} needs a release that knows order.placed version 2`;
    for (const name of names)
      expect(await deploy.status(node, name)).toMatchObject({ state: "waiting", cause, position: position - 1 });
    expect(await deploy.storeStatus(node)).toMatchObject({ cause, pump: { position: position - 1 } });
  });

describeWith("nats-server", "An older release that is alone after a rollback", (nats) =>
  describeWith("postgres", "to it", (postgres) => {
    const servers = () => ({ nats: nats().url, postgres: postgres().url });

    it.each([
      ["PostgreSQL", postgresSite, storeNode],
      ["NATS", natsSite, "b"],
      ["SQLite", sqliteSite, storeNode],
    ])(
      "with the log on %s waits at the newer event, serves reads, passes what is skipped, and leaves the rest to the newer one",
      async (_, siteOn, newerName) => {
        const deploy = await Deploy.at(siteOn(servers()));
        let [older] = (await deploy.start(1, storeNode)) as [ShopNode];
        deploy.write();
        await deploy.written(10);
        await deploy.stopWriting();
        for (const name of consumers) await deploy.client.call(`${name}.pause`);
        await deploy.client.call("events.pausePump");
        if (newerName === storeNode) await older.stop();
        const [newer] = (await deploy.start(2, newerName)) as [ShopNode];
        const { position, events } = await place(deploy, newer, "newer");
        const { id } = events[0]!;
        await newer.stop();
        if (newerName === storeNode) [older] = (await deploy.start(1, storeNode)) as [ShopNode];
        await eventually(() => place(deploy, older, "older"));
        for (const name of consumers) await deploy.client.call(`${name}.resume`);
        await deploy.client.call("events.resumePump");

        await waitsAt(deploy, older, position, waiting);
        await deploy.caughtUp(older, ["bills", "notes"]);
        await expectNothingParked(deploy);
        // Writes and reads go on, and what the release knows is folded.
        deploy.write();
        await deploy.written(10);
        await deploy.stopWriting();
        await waitsAt(deploy, older, position, waiting);
        await deploy.caughtUp(older, ["bills", "notes"]);

        for (const name of ["orders", "mails"]) {
          await deploy.client.call(`${name}.skip`, { id, reason: "rolled back" });
          await deploy.caughtUp(older, [name]);
        }
        const passed = (await deploy.log()).filter((event) => event.id !== id);
        await expectTables(deploy, older, passed);
        await waitsAt(deploy, older, position, ["billing"]);

        if (newerName === storeNode) await older.stop();
        const [back] = (await deploy.start(2, newerName)) as [ShopNode];
        deploy.write();
        await deploy.written();
        await deploy.stopWriting();
        await deploy.caughtUp(back);
        const log = await deploy.log();
        const folded = log.filter((event) => event.id !== id);
        await expectTables(deploy, back, folded, ["orders"]);
        await expectTables(
          deploy,
          back,
          log,
          tables.filter((table) => table !== "orders"),
        );
        await expectNothingLost(deploy, [id]);
        expect(await deploy.reads.end()).toEqual([]);
        expect(deploy.nodes.flatMap(({ handled }) => handled).map((event) => event.position)).not.toContain(position);
      },
      120_000,
    );
  }),
);
