import type { AggregateStatus } from "moleculer-event-sourcing";
import { randomInt, seed } from "../../support/chance.ts";
import { cleanUp, eventually } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { times } from "../../support/times.ts";
import { killChildren } from "../child.ts";
import { expectNothingLost, expectTables } from "./checks.ts";
import { Deploy } from "./deploy.ts";
import type { ShopNode } from "./shop-node.ts";
import { natsSite, postgresSite } from "./sites.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const eventsInLog = 2000;
const aMoment = () => new Promise((turn) => setTimeout(turn, randomInt(300)));

/** The node of these that works for the consumer, and does what is wanted. */
const workerOf = (
  deploy: Deploy,
  nodes: readonly ShopNode[],
  consumer: string,
  isWanted: (status: AggregateStatus) => boolean = () => true,
) =>
  eventually(async () => {
    for (const node of nodes) {
      const status = await deploy.status(node, consumer);
      if (status.state !== "standby" && isWanted(status)) return node;
    }
    throw new Error(`no node does what is wanted for ${consumer}`);
  });

const isBuilding = ({ lag, rebuilding }: AggregateStatus) => lag !== 0 || rebuilding !== null;

describeWith("nats-server", "A deploy in which nodes are killed", (nats) =>
  describeWith("postgres", "at any moment", (postgres) => {
    it.each(
      Array.from({ length: times(6, 1) }, (_, run) => {
        const isNats = (run + seed) % 2 === 1;
        return [run + 1, isNats ? "NATS" : "PostgreSQL", isNats ? natsSite : postgresSite] as const;
      }),
    )(
      "loses nothing, repeats no command and shows no older rows: run %d, log on %s",
      async (_run, _engine, siteOn) => {
        const deploy = await Deploy.at(siteOn({ nats: nats().url, postgres: postgres().url }));
        let older = await deploy.start(1, "a", "b");
        await deploy.fill(eventsInLog);
        for (const node of older) await deploy.caughtUp(node);
        deploy.write();
        await deploy.showRows(...older);
        deploy.reads.deployBegins(older);
        let newer = await deploy.start(2, "c", "d");

        const building = await workerOf(deploy, newer, "bills", isBuilding);
        await aMoment();
        newer = await killed(deploy, building, newer);
        await deploy.showRows(...newer);
        await deploy.written();
        await aMoment();
        older = await killed(deploy, await workerOf(deploy, older, "bills"), older);
        await deploy.written();
        for (const node of older) await node.stop();
        newer = await killed(deploy, await workerOf(deploy, newer, "billing"), newer);
        await deploy.written();

        await deploy.stopWriting();
        for (const node of newer) {
          await deploy.caughtUp(node);
          await expectTables(deploy, node, await deploy.log());
        }
        await expectNothingLost(deploy);
        expect(await deploy.reads.end()).toEqual([]);
      },
      200_000,
    );

    /** Kills one of the nodes, and starts its release again in its place. */
    async function killed(deploy: Deploy, node: ShopNode, nodes: readonly ShopNode[]): Promise<ShopNode[]> {
      await node.kill();
      return [...nodes.filter((one) => one !== node), ...(await deploy.start(node.release, node.name))];
    }
  }),
);
