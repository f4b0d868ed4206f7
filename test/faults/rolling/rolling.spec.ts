import { cleanUp } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { killChildren } from "../child.ts";
import { expectNothingLost, expectTables } from "./checks.ts";
import { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { tables } from "./shop.ts";
import { natsSite, postgresSite, sqliteSite, storeNode } from "./sites.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

describeWith("nats-server", "A rolling deploy", (nats) =>
  describeWith("postgres", "from one release to the next", (postgres) => {
    const servers = () => ({ nats: nats().url, postgres: postgres().url });

    it.each([
      ["PostgreSQL", postgresSite],
      ["NATS", natsSite],
    ])(
      "with the log on %s loses nothing, parks nothing and stops no read, while older nodes write and hold the leases",
      async (_, siteOn) => {
        const deploy = await Deploy.at(siteOn(servers()));
        const older = await deploy.start(1, "a", "b");
        deploy.write();
        await deploy.written(10);
        await deploy.showRows(...older);

        deploy.reads.fromAny();
        deploy.reads.deployBegins(older);
        const newer = await deploy.start(2, "c", "d");
        await deploy.written();
        await deploy.showRows(...newer);
        for (const node of older) await deploy.showsMore(node, "bills", "notes");
        for (const node of newer) await deploy.showsMore(node, ...tables);

        for (const table of deploy.shared) {
          const { definitions = [] } = await deploy.status(newer[0]!, table);
          // Only the definition of notes is the same in both releases.
          expect(definitions.map(({ nodes }) => nodes.toSorted().join()).toSorted()).toEqual(
            table === "notes" ? ["a-1,b-1,c-2,d-2"] : ["a-1,b-1", "c-2,d-2"],
          );
        }
        // While nothing is written, the tables of both releases can be compared.
        await deploy.stopWriting();
        for (const node of newer) await deploy.caughtUp(node);
        for (const node of older) {
          await deploy.caughtUp(node, ["bills", "notes"]);
          const log = await deploy.log();
          await expectTables(deploy, node, log, ["bills", "notes"]);
          const { position } = await deploy.status(node, "orders");
          const known = log.filter((event) => event.position <= position);
          await expectTables(deploy, node, known, ["orders"]);
        }

        deploy.write();
        for (const node of older) {
          await deploy.written();
          await node.stop();
        }
        await deploy.written();
        await deploy.stopWriting();
        for (const node of newer) {
          await deploy.caughtUp(node);
          await expectTables(deploy, node, await deploy.log());
        }
        await expectNothingLost(deploy);
        expect(await deploy.reads.end()).toEqual([]);
      },
      120_000,
    );

    it.each([
      ["first", [storeNode, "b"]],
      ["last", ["b", storeNode]],
    ])(
      "with the log in a file, whose node is deployed %s, loses nothing, parks nothing and shows no older rows",
      async (_, order) => {
        const deploy = await Deploy.at(sqliteSite(servers()));
        const nodes = new Map<string, ShopNode>();
        for (const name of [storeNode, "b"]) nodes.set(name, (await deploy.start(1, name))[0]!);
        deploy.write();
        await deploy.written(10);
        await deploy.showRows(...nodes.values());
        deploy.reads.deployBegins([...nodes.values()]);
        for (const name of order) {
          await nodes.get(name)!.stop();
          nodes.set(name, (await deploy.start(2, name))[0]!);
          await deploy.showRows(nodes.get(name)!);
          // Until then the host refuses the newer events, and their commands are sent again.
          if (nodes.get(storeNode)!.release === 2) await deploy.written();
        }
        await deploy.stopWriting();
        for (const node of nodes.values()) {
          await deploy.caughtUp(node);
          await expectTables(deploy, node, await deploy.log());
        }
        await expectNothingLost(deploy);
        expect(await deploy.reads.end()).toEqual([]);
      },
      120_000,
    );
  }),
);
