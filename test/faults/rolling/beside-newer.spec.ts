import { cleanUp } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { killChildren } from "../child.ts";
import { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { natsSite, postgresSite, sqliteSite, storeNode } from "./sites.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

describeWith("nats-server", "A node that is rolled back beside one of the newer release", (nats) =>
  describeWith("postgres", "on PostgreSQL, NATS or SQLite", (postgres) => {
    const servers = () => ({ nats: nats().url, postgres: postgres().url });

    it.each([
      ["PostgreSQL", postgresSite],
      ["NATS", natsSite],
      ["SQLite", sqliteSite],
    ])(
      "with the log on %s shows no older rows, and follows what the newer one folds; its own once that is killed",
      async (_, siteOn) => {
        const deploy = await Deploy.at(siteOn(servers()));
        const [newer] = (await deploy.start(2, storeNode)) as [ShopNode];
        let [node] = (await deploy.start(1, "b")) as [ShopNode];
        deploy.write();
        await deploy.written(10);
        await node.stop();
        [node] = (await deploy.start(2, "b")) as [ShopNode];
        await deploy.showRows(newer, node);
        await deploy.written();
        deploy.reads.deployBegins([newer, node]);
        await node.stop();

        [node] = (await deploy.start(1, "b")) as [ShopNode];
        await deploy.showsMore(node, "orders");
        await deploy.stopWriting();
        const { cause, rebuilding } = await deploy.status(node, "orders");
        expect({ cause, rebuilding }).toEqual({
          cause: expect.stringMatching(/needs a release that knows order.placed version 2$/) as string,
          rebuilding: null,
        });
        expect(await deploy.reads.end()).toEqual([]);

        await newer.kill();
        // Within the time-out of the call, although the registry still has the killed node.
        const read = deploy.client.call("orders.count", {}, { nodeID: node.nodeID, timeout: 5000 });
        expect(await read).toEqual(expect.any(Number));
      },
      120_000,
    );
  }),
);
